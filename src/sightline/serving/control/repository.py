"""Where the bundles are that may be loaded by name."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sightline.bundle import MANIFEST_FILE
from sightline.errors import UnknownModel
from sightline.serving.model_names import is_name


class Repository:
    """Places by name: those given at start, and the folders of one folder.

    A name from a request is looked up and never made part of a path that leads elsewhere: it is one safe word, and what
    it means lies in the folder when all links are followed.
    """

    def __init__(self, given: Mapping[str, Path], folder: Path | None = None) -> None:
        self._given = dict(given)
        self._folder = None if folder is None else folder.resolve()

    def find(self, name: str) -> Path:
        """The place of a bundle. Raises `UnknownModel`, also where its manifest is gone."""
        path = self._given.get(name)
        if path is not None and not (path / MANIFEST_FILE).is_file():
            raise UnknownModel(
                f"There is no bundle at '{path}' any more: '{MANIFEST_FILE}' is missing. Put one "
                f"there, then load '{name}'."
            )
        path = path or self._below(name)
        if path is None:
            known = ", ".join(f"'{one}'" for one in self) or "none"
            raise UnknownModel(f"No model '{name[:80]}' can be loaded. There are: {known}.")
        return path

    def __iter__(self) -> Iterator[str]:
        names = set(self._given)
        if self._folder is not None and self._folder.is_dir():
            names.update(entry.name for entry in self._folder.iterdir() if self._below(entry.name))
        return iter(sorted(names))

    def _below(self, name: str) -> Path | None:
        if self._folder is None or not is_name(name):
            return None
        path = (self._folder / name).resolve()
        inside = path.is_relative_to(self._folder) and path != self._folder
        return path if inside and (path / MANIFEST_FILE).is_file() else None
