"""Class folders at an address: the same layout as on this machine, without links and without unreadable folders."""

from collections.abc import Sequence

from sightline.dataset.sample import Quarantined, Split
from sightline.dataset.sources.layout import folder_listing, is_passed_over, split_folders
from sightline.dataset.sources.listing import SPLIT_OF_NAME, Listed, Listing
from sightline.dataset.sources.remote import Entered, RemoteStore, bad_key, is_bad_key


def list_remote_folders(store: RemoteStore, top: Entered) -> Listing:
    """Find the pictures of class folders; `top` is what lies in the root. One listing a class.

    Raises:
        InputError: a folder may not be listed, or there is no class folder.
        DatasetError: as `list_folders`.
    """
    quarantine: list[Quarantined] = []
    names = _usable(top.folders, "", quarantine)
    splits = split_folders(store.location, names)
    labels: set[str] = set()
    files: list[Listed] = []
    classes: list[tuple[str, Split | None]] = [] if splits else [(name, None) for name in names]
    for split in splits:
        inside = _usable(store.enter(split).folders, f"{split}/", quarantine)
        classes.extend((f"{split}/{name}", SPLIT_OF_NAME[split.casefold()]) for name in inside)
    for folder, placed in classes:
        label = folder.rpartition("/")[2]
        labels.add(label)
        for path in store.walk(folder):
            if is_bad_key(path):
                quarantine.append(bad_key(path))
            elif not any(map(is_passed_over, path[len(folder) + 1 :].split("/"))):
                files.append(Listed(path, (label,), placed))
    return folder_listing(store.location, splits, labels, files, quarantine)


def _usable(names: Sequence[str], inside: str, quarantine: list[Quarantined]) -> list[str]:
    quarantine.extend(bad_key(f"{inside}{name}/") for name in names if is_bad_key(name))
    return [name for name in names if not is_bad_key(name) and not is_passed_over(name)]
