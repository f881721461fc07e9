"""Classes as folders: `root/<class>/…` or `root/{train,val,test}/<class>/…`, nested at will below the class.

Every regular file within a class folder counts as a picture, whatever its name; one that is none ends in
quarantine, where it is seen, rather than being passed over. Hidden files and the litter of file managers are
passed over. Linked folders are not followed: they could lead in circles, or out of the root.
"""

import os
from pathlib import Path

from sightline.dataset.sample import Quarantined, Split
from sightline.dataset.sources.listing import SPLIT_OF_NAME, Listed, Listing
from sightline.errors import DatasetError

_LITTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"})


def list_folders(root: Path) -> Listing:
    """Find the pictures of a folder of class folders. `root` is resolved.

    Raises:
        DatasetError: there is no class folder, or split folders stand beside others.
    """
    walk = _Walk(root)
    folders = walk.enter(root)
    splits = [folder for folder in folders if folder.name.casefold() in SPLIT_OF_NAME]
    if splits and len(splits) < len(folders):
        raise _mixed(root, splits, [folder for folder in folders if folder not in splits])
    for folder in splits:
        if not walk.refuses(folder):
            for class_folder in walk.enter(folder):
                walk.collect(class_folder, SPLIT_OF_NAME[folder.name.casefold()])
    if not splits:
        for class_folder in folders:
            walk.collect(class_folder, None)
    if not walk.labels:
        raise _no_classes(root, walk.quarantine)
    files = sorted(walk.files, key=lambda file: file.path)
    return Listing(tuple(sorted(walk.labels)), tuple(files), tuple(walk.quarantine))


class _Walk:
    """What has been found so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.labels: set[str] = set()
        self.files: list[Listed] = []
        self.quarantine: list[Quarantined] = []

    def enter(self, folder: Path) -> list[Path]:
        """The folders directly within, sorted, linked ones among them."""
        try:
            return [
                path for path in sorted(folder.iterdir()) if path.is_dir() and not _passed_over(path.name)
            ]
        except OSError as err:
            self._set_aside_unreadable(err)
            return []

    def collect(self, class_folder: Path, split: Split | None) -> None:
        """Every file below a class folder. One that is refused stays a class, and is missed when learning."""
        label = class_folder.name
        if _is_text(label):
            self.labels.add(label)
        if self.refuses(class_folder):
            return
        for folder, names, files in os.walk(class_folder, onerror=self._set_aside_unreadable):
            here = Path(folder)
            names[:] = [name for name in names if not _passed_over(name) and not self.refuses(here / name)]
            self.files.extend(
                Listed(self._relative(here / name), (label,), split)
                for name in files
                if not _passed_over(name)
            )

    def refuses(self, folder: Path) -> bool:
        """Whether a folder is not entered; it then goes to quarantine."""
        path = self._relative(folder)
        if not _is_text(path):
            shown = path.encode(errors="backslashreplace").decode()
            self.quarantine.append(
                Quarantined(shown, "bad_name", "The folder's name is not valid UTF-8. Rename it.")
            )
            return True
        if folder.is_symlink():
            message = "Linked folders are not followed. Put the pictures in the folder itself."
            self.quarantine.append(Quarantined(path, "linked_folder", message))
            return True
        return False

    def _set_aside_unreadable(self, err: OSError) -> None:
        path = self._relative(Path(os.fsdecode(err.filename)))
        self.quarantine.append(Quarantined(path, "unreadable", f"The folder cannot be read: {err.strerror}."))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _LITTER


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _mixed(root: Path, splits: list[Path], others: list[Path]) -> DatasetError:
    return DatasetError(
        f"'{root}' holds split folders ({_names(splits)}) beside others ({_names(others)}). Keep either "
        "train/, val/ and test/ with the class folders in them, or class folders alone."
    )


def _no_classes(root: Path, quarantine: list[Quarantined]) -> DatasetError:
    aside = f" Set aside: '{quarantine[0].path}' ({quarantine[0].message})" if quarantine else ""
    return DatasetError(
        f"'{root}' has no class folders. Put the pictures of each class in a folder named after it "
        f"(crack/1.jpg, good/2.jpg), or write a metadata.csv with the columns file_name and label.{aside}"
    )


def _names(folders: list[Path], at_most: int = 5) -> str:
    shown = ", ".join(folder.name for folder in folders[:at_most])
    return shown if len(folders) <= at_most else f"{shown} and {len(folders) - at_most} more"
