"""Speeds of a bundle's variants, remembered for each machine."""

import hashlib
from pathlib import Path

from pydantic import Field, ValidationError

from sightline.cache_home import cache_home
from sightline.inference.measuring.machine import Machine
from sightline.records import Frozen
from sightline.whole_file import write_whole


class VariantSpeeds(Frozen):
    """Pictures a second of each variant of a bundle on one machine, all cores at work.

    images_per_s
        None: it does not run there, or does not give there what was evaluated; `problems` says why.
    """

    bundle_id: str
    machine: Machine
    images_per_s: dict[str, float | None]
    problems: dict[str, str] = Field(default_factory=dict)


def cache_folder() -> Path:
    """Where speeds are kept."""
    return cache_home() / "speeds"


def read_speeds(bundle_id: str, machine: Machine, folder: Path) -> VariantSpeeds | None:
    """What was measured of the bundle on this very machine; None: nothing, or a file that cannot be used."""
    try:
        found = VariantSpeeds.model_validate_json(_path(bundle_id, machine, folder).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if (found.bundle_id, found.machine) == (bundle_id, machine) else None


def keep_speeds(speeds: VariantSpeeds, folder: Path) -> bool:
    """Remember, and say whether that could be done: a folder that cannot be written to is no reason to stop."""
    path = _path(speeds.bundle_id, speeds.machine, folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{speeds.model_dump_json(indent=1)}\n".encode())
    except OSError:
        return False
    return True


def _path(bundle_id: str, machine: Machine, folder: Path) -> Path:
    of_machine = hashlib.sha256(machine.model_dump_json().encode()).hexdigest()
    return folder / f"{bundle_id[:16]}-{of_machine[:16]}.json"
