"""Classes as folders: `root/<class>/…` or `root/{train,val,test}/<class>/…`, nested at will below the class.

Every regular file within a class folder counts as a picture, whatever its name; one that is none ends in
quarantine, where it is seen, rather than being passed over. Hidden files and the litter of file managers are
passed over. Linked folders are not followed: they could lead in circles, or out of the root.
"""

import os
from pathlib import Path

from sightline.dataset.sample import Quarantined, Split
from sightline.dataset.sources.cells import is_text
from sightline.dataset.sources.layout import folder_listing, is_passed_over, split_folders
from sightline.dataset.sources.listing import SPLIT_OF_NAME, Listed, Listing


def list_folders(root: Path) -> Listing:
    """Find the pictures of a folder of class folders. `root` is resolved.

    Raises:
        InputError: there is no class folder.
        DatasetError: one has a name that no class can have, or split folders stand beside others.
    """
    walk = _Walk(root)
    folders = walk.enter(root)
    splits = split_folders(str(root), [folder.name for folder in folders])
    for folder in folders:
        if not splits:
            walk.collect(folder, None)
        elif not walk.refuses(folder):
            for class_folder in walk.enter(folder):
                walk.collect(class_folder, SPLIT_OF_NAME[folder.name.casefold()])
    return folder_listing(str(root), splits, walk.labels, walk.files, walk.quarantine)


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
                path for path in sorted(folder.iterdir()) if not is_passed_over(path.name) and path.is_dir()
            ]
        except OSError as err:
            self._set_aside_unreadable(err)
            return []

    def collect(self, class_folder: Path, split: Split | None) -> None:
        """Every file below a class folder. One that is refused stays a class, and is missed when learning."""
        label = class_folder.name
        if is_text(label):
            self.labels.add(label)
        if self.refuses(class_folder):
            return
        labels = (label,)
        for folder, names, files in os.walk(class_folder, onerror=self._set_aside_unreadable):
            here = Path(folder)
            names[:] = [name for name in names if not is_passed_over(name) and not self.refuses(here / name)]
            inside = self._relative(here)
            self.files.extend(
                Listed(f"{inside}/{name}", labels, split) for name in files if not is_passed_over(name)
            )

    def refuses(self, folder: Path) -> bool:
        """Whether a folder is not entered; it then goes to quarantine."""
        path = self._relative(folder)
        if not is_text(path):
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
