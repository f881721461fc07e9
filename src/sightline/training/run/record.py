"""`run.json`: what a run was, and what may be done where one lies already."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, ValidationError

from sightline.errors import InputError
from sightline.records import Frozen
from sightline.training.run.facts import RunFacts
from sightline.training.run.figures import strict_json

RECORD_FILE = "run.json"
CHECKPOINT_FILE = "checkpoint.safetensors"
WEIGHTS_FILE = "weights.safetensors"
SCHEMA_VERSION = 1
Status = Literal["running", "finished", "stopped", "failed"]


class RunRecord(Frozen):
    """The content of `run.json`.

    status, message
        `running` with nobody at work means that the process died. The message says why a run was stopped or failed.
    started, resumed, ended
        UTC, ISO 8601, to the second; `resumed` has one entry for each time that the run went on.
    epoch
        The last one that has ended; None before the first.
    seed
        That of the recipe.
    dataset, environment, command
        As in `RunFacts`; those of the last time that the run began or went on.
    plan
        What was chosen for this run, and why.
    result
        What came out; empty before the end.
    """

    schema_version: int = Field(ge=1)
    status: Status
    message: str | None = None
    started: str
    resumed: tuple[str, ...] = ()
    ended: str | None = None
    epoch: int | None = None
    seed: int
    command: tuple[str, ...]
    dataset: dict[str, JsonValue]
    plan: dict[str, str] = Field(default_factory=dict)
    environment: dict[str, JsonValue]
    result: dict[str, JsonValue] = Field(default_factory=dict)

    @staticmethod
    def beginning(facts: RunFacts, earlier: "RunRecord | None", now: str) -> "RunRecord":
        """The record of a run that begins now, or that goes on now."""
        return RunRecord(
            schema_version=SCHEMA_VERSION,
            status="running",
            started=earlier.started if earlier else now,
            resumed=(*earlier.resumed, now) if earlier else (),
            epoch=earlier.epoch if earlier else None,
            seed=facts.recipe.seed,
            command=facts.command,
            dataset=dict(facts.dataset),
            plan=earlier.plan if earlier else {},
            environment=dict(facts.environment),
        )


def to_json(record: RunRecord) -> bytes:
    """The record as it is written; figures that are no numbers become null."""
    return strict_json(record.model_dump(mode="json"), indent=2).encode()


def read_run(folder: Path) -> RunRecord | None:
    """The record in a folder; None where there is no folder, or an empty one.

    Raises:
        InputError: there is something else, or the record is damaged or of a newer version.
    """
    if not folder.exists() and not folder.is_symlink():
        return None
    if not folder.is_dir():
        raise InputError(f"'{folder}' is not a folder. Choose another place with --out, or move it away.")
    path = folder / RECORD_FILE
    try:
        content = json.loads(path.read_bytes())
        version = content["schema_version"]
        if version > SCHEMA_VERSION:
            raise InputError(
                f"'{path}' has schema version {version}; this Sightline reads up to {SCHEMA_VERSION}. Update Sightline."
            )
        return RunRecord.model_validate(content)
    except FileNotFoundError:
        if all(one.name.startswith(".") for one in folder.iterdir()):
            return None
        raise InputError(
            f"'{folder}' holds files that are not those of a run. Choose another place with --out, or move it away."
        ) from None
    except OSError as err:
        raise InputError(f"'{path}' cannot be read: {err.strerror or err}.") from err
    except (ValueError, KeyError, TypeError, ValidationError) as err:
        raise InputError(f"'{path}' is not the record of a run. Move '{folder}' away.") from err


def require_place(folder: Path, *, resume: bool, replace: bool) -> RunRecord | None:
    """The earlier run's record, if there is one and what is wanted may be done with it.

    Raises:
        InputError: see the table of `RunFolder`; or the place cannot be written to.
    """
    assert not (resume and replace)
    earlier = read_run(folder)
    _require_writable(folder)
    if earlier is None:
        if resume:
            raise InputError(f"There is no run to resume in '{folder}'. Leave --resume out to begin one.")
        return None
    if replace:
        return earlier
    if earlier.status == "finished":
        raise InputError(
            f"'{folder}' holds a run that was finished at {earlier.ended}. Choose another place with --out, or replace "
            "it with --fresh."
        )
    if not resume and (folder / CHECKPOINT_FILE).exists():
        done = "before its first epoch" if earlier.epoch is None else f"after epoch {earlier.epoch}"
        how = "ended without a word" if earlier.status == "running" else f"was {earlier.status}"
        how = "failed" if earlier.status == "failed" else how
        raise InputError(
            f"'{folder}' holds a run that {how} {done}. Go on with --resume, or begin anew with --fresh."
        )
    return earlier


def _require_writable(folder: Path) -> None:
    above = folder.absolute()
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(f"'{folder}' cannot be made: '{above}' cannot be written to.")
