"""The state of a run in one file, from which it goes on as if it had never stopped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from sightline.errors import TrainingError
from sightline.training.run.nested import flatten, restore
from sightline.training.run.tensor_file import write_tensors
from sightline.whole_file import write_whole

SCHEMA_VERSION = 1
_KEY = "sightline_checkpoint"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that a run needs to go on.

    tensors
        Flat state dicts by name, such as `network`, `best` and `ema`. Read back, they are on the CPU and have
        types, shapes, strides and bits as before; two that shared memory no longer do.
    optimizer
        The `state_dict()` of any optimiser of torch or timm; empty for none.
    facts
        Everything else: epoch, step, history, state of schedule and loss scaler, digests. Values as in JSON, NaN and
        infinity too, and tuples, mappings with other keys than strings, and tensors.
    """

    tensors: Mapping[str, Mapping[str, Tensor]]
    optimizer: Mapping[str, Any]
    facts: Mapping[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint as safetensors. The file is there whole, or as it was before, whenever the process ends.

    Raises:
        TrainingError: the file cannot be written.
        TypeError: a value of a kind that is not listed in `Checkpoint`; its place is named.
    """
    skeleton, tensors = flatten(
        {"tensors": checkpoint.tensors, "optimizer": checkpoint.optimizer, "facts": checkpoint.facts}
    )
    metadata = {_KEY: json.dumps({"schema_version": SCHEMA_VERSION, "skeleton": skeleton}, allow_nan=False)}
    try:
        write_whole(path, partial(write_tensors, tensors=tensors, metadata=metadata))
    except OSError as err:
        raise TrainingError(
            f"The checkpoint '{path}' cannot be written: {err.strerror or err}. Make room or mend the permissions, "
            "then go on with --resume."
        ) from err


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing of it depends on the file afterwards.

    Raises:
        TrainingError: there is none, it is truncated or none of Sightline's, or of a newer version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {}).get(_KEY)
            skeleton = _skeleton(path, written)
            # What the library gives is a view of the file, which is about to be replaced.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        return Checkpoint(**restore(skeleton, tensors))
    except OSError as err:
        raise TrainingError(
            f"The checkpoint '{path}' cannot be read: {err.strerror or err}. Begin anew with --fresh."
        ) from err
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as err:
        raise TrainingError(
            f"The checkpoint '{path}' is damaged: {err}. Take it from a copy, or begin anew with --fresh."
        ) from err


def _skeleton(path: Path, written: str | None) -> Any:
    if written is None:
        raise TrainingError(
            f"'{path}' is a safetensors file but no checkpoint of Sightline. Begin anew with --fresh."
        )
    content = json.loads(written)
    if content["schema_version"] > SCHEMA_VERSION:
        raise TrainingError(
            f"The checkpoint '{path}' has schema version {content['schema_version']}; this Sightline reads up to "
            f"{SCHEMA_VERSION}. Update Sightline, or begin anew with --fresh."
        )
    return content["skeleton"]
