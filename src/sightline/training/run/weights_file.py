"""The network that a run has kept, in one safetensors file that another run can begin with."""

from functools import partial
from pathlib import Path

from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from sightline.errors import TrainingError
from sightline.records import Frozen
from sightline.training.run.record import WEIGHTS_FILE
from sightline.training.run.tensor_file import write_tensors
from sightline.whole_file import write_whole

SCHEMA_VERSION = 1
_KEY = "sightline_weights"


class WeightsFacts(Frozen):
    """Whose weights they are.

    labels
        In the order of the logits.
    pruned
        Channels have been taken out: the shapes are no longer those of the backbone.
    """

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1)
    backbone: str
    labels: tuple[str, ...]
    pruned: bool


def write_weights(path: Path, network: nn.Module, facts: WeightsFacts) -> None:
    """Write all weights and statistics of a network.

    Raises:
        TrainingError: what the system says.
    """
    metadata = {_KEY: facts.model_dump_json()}
    try:
        write_whole(path, partial(write_tensors, tensors=network.state_dict(), metadata=metadata))
    except OSError as err:
        raise TrainingError(
            f"'{path}' cannot be written: {err.strerror or err}. Make room or mend the permissions."
        ) from err


def read_weights(start: str) -> tuple[WeightsFacts, dict[str, Tensor]]:
    """The weights in a file, or in the run folder that holds it.

    Raises:
        TrainingError: there are none, they are no safetensors or damaged, not Sightline's, or of a newer version.
    """
    path = weights_path(start)
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as err:
        raise TrainingError(f"model.start is '{start}', and '{path}' cannot be read: {err}.") from err
    if written is None:
        raise TrainingError(
            f"model.start is '{start}', and '{path}' was not written at the end of a run: a state to go on from and "
            "weights of another program are none. For weights of timm, give model.pretrained."
        )
    try:
        facts = WeightsFacts.model_validate_json(written)
    except ValidationError as err:
        raise TrainingError(f"model.start is '{start}', and '{path}' is damaged: {err}.") from err
    if facts.schema_version > SCHEMA_VERSION:
        raise TrainingError(
            f"'{path}' has schema version {facts.schema_version}; this Sightline reads up to {SCHEMA_VERSION}. Update "
            "Sightline."
        )
    return facts, tensors


def weights_path(start: str) -> Path:
    """The file that `model.start` means.

    Raises:
        TrainingError: there is nothing, or a run folder without it, or no safetensors.
    """
    path = Path(start)
    if path.is_dir():
        path /= WEIGHTS_FILE
    if path.suffix != ".safetensors":
        raise TrainingError(
            f"model.start is '{start}', which is neither a run folder nor a .safetensors file."
        )
    if not path.is_file():
        raise TrainingError(
            f"model.start is '{start}', and there is no '{path}'. A run leaves its weights there when it has finished; "
            "train it again if it is older than that."
        )
    return path
