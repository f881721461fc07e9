"""What the name of a tar's member says: its sample, its kind, and whether it may be used at all.

As in WebDataset, the base name up to its first dot is the key of the sample, what follows it the kind of member.
"""

import re
from pathlib import PurePosixPath

from sightline.dataset.sources.cells import is_text
from sightline.dataset.sources.layout import is_passed_over

CLASSES_MEMBER = "__classes__"
_FORMATS = ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "tif", "tiff", "gif")
# Not taken by any limits, but pictures: they are seen in quarantine.
_OTHER_FORMATS = ("heic", "heif", "avif", "jp2", "jxl", "ppm", "pgm", "pbm")
PICTURE_SUFFIXES = frozenset({*_FORMATS, *_OTHER_FORMATS})
_TEXT_KINDS = frozenset({"cls", "json"})
_DRIVE = re.compile(r"[A-Za-z]:")


def plain_name(name: str) -> str:
    """The name without empty and `.` parts; `./cat/1.jpg` is how tars of a whole folder begin."""
    return PurePosixPath(name).as_posix() if name.startswith("./") or "//" in name or "/./" in name else name


def name_problem(name: str) -> str | None:
    """Why a member's name is not taken, as a sentence with its remedy; None if nothing is wrong with it."""
    if not is_text(name):
        return "The name is not valid UTF-8. Rename the member."
    if name in ("", ".", "./") or "\0" in name or "\\" in name:
        return "The name is empty, or has a backslash or a NUL. Rename the member."
    if name.startswith("/") or _DRIVE.match(name):
        return "The name is absolute. Pack the folder with relative names."
    if ".." in name and ".." in PurePosixPath(name).parts:
        return "The name leads upwards. Pack the folder with names below it."
    return None


def is_meta(name: str) -> bool:
    """Whether a member is of no sample: hidden, the litter of a file manager, or `__…__`; not the classes."""
    if name.startswith("__") and name.endswith("__") and "/" not in name:
        return name != CLASSES_MEMBER
    return any(map(is_passed_over, name.split("/")))


def key_and_kind(name: str) -> tuple[str, str]:
    """`cat/1.seg.PNG` to `("cat/1", "seg.png")`."""
    folder, slash, base = name.rpartition("/")
    stem, _, kind = base.partition(".")
    return f"{folder}{slash}{stem}", kind.lower()


def is_picture_name(name: str) -> bool:
    """Whether a member is named like a picture."""
    return "." in name and name.rpartition(".")[2].lower() in PICTURE_SUFFIXES


def is_text_member(name: str) -> bool:
    """Whether a member is a label, or the list of classes."""
    return name == CLASSES_MEMBER or key_and_kind(name)[1] in _TEXT_KINDS
