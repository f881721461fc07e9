"""The folder that an evaluation is written to: what it may take the place of, and all of its files at once."""

import json
import os
from functools import partial
from pathlib import Path

from sightline.errors import InputError
from sightline.evaluation import SCORES_FILE, save_scores
from sightline.inference import require_outside_bundles
from sightline.lifecycle.evaluate_bundle import Evaluated
from sightline.whole_file import write_together

EVALUATION_FILE, REPORT_FILE = "evaluation.json", "report.html"
FILES = (REPORT_FILE, EVALUATION_FILE, SCORES_FILE)
_LARGEST_BYTES = 1 << 30
_KEYS = {"schema_version", "bundle", "origin", "evaluation", "slices", "gates"}


def check_folder(folder: Path) -> None:
    """Refuse a folder that an evaluation cannot or may not be written to, before anything is scored.

    Files of its names are written over only where they are those of an earlier evaluation.

    Raises:
        InputError: the folder is or lies in a bundle, is no folder, cannot be written to, or holds files of these
            names that are not Sightline's.
    """
    require_outside_bundles(folder, "Choose another folder with --out.")
    above = folder.absolute()
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        raise InputError(
            f"'{folder}' cannot be written to: '{above}' is no folder. Choose another with --out."
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError(
            f"'{folder}' cannot be written to: '{above}' does not allow it. Choose another with --out."
        )
    there = [name for name in FILES if os.path.lexists(folder / name)]
    if there and not _is_evaluation(folder / EVALUATION_FILE):
        raise InputError(
            f"'{folder}' has {' and '.join(there)}, which no evaluation has written. Choose another folder with "
            "--out, or move them away."
        )
    blocked = next((name for name in there if (folder / name).is_dir()), None)
    if blocked is not None:
        raise InputError(f"'{folder / blocked}' is a folder, where a file is to be written. Move it away.")


def write_evaluation(found: Evaluated, page: str, folder: Path) -> None:
    """Write `report.html`, `evaluation.json` and `scores.npz`: all three of this evaluation, or all as they were.

    Raises:
        InputError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_together(
            folder,
            {
                SCORES_FILE: partial(save_scores, found.scored),
                EVALUATION_FILE: f"{found.judgement.model_dump_json()}\n".encode(),
                REPORT_FILE: page.encode(errors="backslashreplace"),
            },
        )
    except OSError as err:
        raise InputError(f"'{folder}' cannot be written to: {err.strerror or err}.") from err


def _is_evaluation(path: Path) -> bool:
    """Whether `write_evaluation` has written it, as far as its keys tell; also of another version of Sightline."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
            return False
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.keys() >= _KEYS
