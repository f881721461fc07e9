"""What a source says is there, before a picture is opened; and which files may be opened at all."""

from dataclasses import dataclass
from pathlib import Path

from sightline.dataset.sample import Quarantined, Split

SPLIT_OF_NAME: dict[str, Split] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


@dataclass(frozen=True)
class Listed:
    """A file that is said to be a picture, its path relative to the root with `/`."""

    path: str
    labels: tuple[str, ...]
    split: Split | None = None
    group: str | None = None


@dataclass(frozen=True)
class Listing:
    """All that a source names: classes (sorted), files, and what it names but cannot be used."""

    labels: tuple[str, ...]
    files: tuple[Listed, ...]
    quarantine: tuple[Quarantined, ...] = ()


def refusal(root: Path, path: str) -> Quarantined | None:
    """Why a file is not opened; None if, links followed, it is a regular file within the resolved root."""
    try:
        path.encode()
        real = (root / path).resolve(strict=True)
    except UnicodeEncodeError:
        shown = path.encode(errors="backslashreplace").decode()
        return Quarantined(shown, "bad_name", "The name is not valid UTF-8. Rename the file.")
    except (FileNotFoundError, NotADirectoryError):
        return Quarantined(path, "missing", "There is no such file, or it links to one that is gone.")
    except (OSError, RuntimeError) as err:  # RuntimeError: a loop of links, before Python 3.13
        return Quarantined(path, "unreadable", f"The file cannot be reached: {err}.")
    if not real.is_relative_to(root):
        return Quarantined(path, "outside_root", "It links to something outside the folder. Copy it inside.")
    if not real.is_file():
        return Quarantined(path, "not_a_file", "It is no regular file.")
    return None
