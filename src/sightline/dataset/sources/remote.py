"""Files in a bucket or at any other address that fsspec reads."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, cast

from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.address import Address
from sightline.dataset.sources.providers import open_filesystem
from sightline.dataset.sources.remote_errors import explained
from sightline.dataset.sources.remote_index import RemoteIndex
from sightline.errors import ImageDamaged, InputError, SightlineError, StoreUnreachable
from sightline.images.formats import check_bytes
from sightline.records import ImageLimits

_TABLE_BLOCK_BYTES = 4 << 20


class Entered(NamedTuple):
    """What lies directly in a folder: names of folders and of files, sorted."""

    folders: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class RemoteStore:
    """Objects below an address; several threads may read at once. Equal if the addresses are.

    What listings say is kept for as long as the store lives, so `refusal` and `stamp` cost one request a
    folder and not one a file. Open a store anew to see what has changed since.
    """

    address: Address
    files: Any = field(compare=False, repr=False)
    index: RemoteIndex = field(compare=False, repr=False, default_factory=RemoteIndex)

    @classmethod
    def at(cls, address: Address) -> "RemoteStore":
        """Make ready to read below an address; nothing is asked for yet.

        Raises:
            InputError: nothing reads such addresses, or the provider's package refuses to start.
            MissingExtra: a package is not installed; the message names the extra.
        """
        with _explaining(address, ""):
            return cls(address, open_filesystem(address))

    @property
    def location(self) -> str:
        """The address."""
        return str(self.address)

    def refusal(self, path: str) -> Quarantined | None:
        """Why an object is not read; None if a listing of its folder has it."""
        if is_bad_key(path):
            return bad_key(path)
        if self.index.find(path, self._enter_if_there) is None:
            return Quarantined(path, "missing", f"There is no such object below '{self.address}'.")
        return None

    def stamp(self, path: str) -> str:
        """Size and entity tag, or the time of the last change where the store tells no tag."""
        entry = None if is_bad_key(path) else self.index.find(path, self._enter_if_there)
        if entry is None:
            raise InputError(f"There is nothing at '{self.address}/{path}'.")
        return entry.stamp

    def read(self, path: str, limits: ImageLimits) -> bytes:
        """The whole object. Of one that no listing has told the size of, a byte over the limit at most is read.

        Raises:
            ImageTooLarge: more bytes than the limits allow.
            ImageDamaged: an empty object.
            InputError: it is not there, or may not be read; `StoreUnreachable` if no other will fare better.
        """
        if is_bad_key(path):
            raise InputError(bad_key(path).message)
        known = self.index.known(path)
        if known is not None:
            check_bytes(known.size_bytes, limits)
        size = None if known is None else known.size_bytes
        data = b"" if size == 0 else self._start_of(path, limits.max_bytes + 1)
        if len(data) > limits.max_bytes:
            check_bytes(self._size_of(path), limits)
        if not data:
            raise ImageDamaged("empty", f"'{self.address}/{path}' is empty: 0 bytes.")
        return data

    def enter(self, folder: str) -> Entered:
        """List one folder; `""` is the root.

        Raises:
            InputError: there is nothing there, or it may not be listed.
        """
        with _explaining(self.address, folder):
            infos = self.files.ls(self._full(folder), detail=True)
        inside = f"{folder}/" if folder else ""
        folders, names = set(), set()
        for info in infos:
            path = self._relative(info)
            if path is None or not path.startswith(inside):
                continue
            if info["type"] == "directory":
                folders.add(path.removeprefix(inside))
            elif name := path.removeprefix(inside):
                self.index.add(path, info)
                names.add(name)
        self.index.set_listed(folder)
        return Entered(tuple(sorted(folders)), tuple(sorted(names)))

    def walk(self, folder: str) -> Iterator[str]:
        """Paths of all objects below a folder, at any depth, sorted; those that mark folders are left out."""
        with _explaining(self.address, folder):
            infos: Mapping[str, Any] = self.files.find(self._full(folder), detail=True)
        for name in sorted(infos):
            info = infos[name]
            path = self._relative(info)
            if path is None or path.endswith("/") or not path.startswith(f"{folder}/"):
                continue
            self.index.add(path, info)
            self.index.set_listed(path.rpartition("/")[0])
            yield path

    def is_file(self, path: str) -> bool:
        """Whether there is an object of this very name."""
        try:
            with _explaining(self.address, path):
                return bool(self.files.info(self._full(path))["type"] == "file")
        except InputError as err:
            if isinstance(err.__cause__, FileNotFoundError):
                return False
            raise

    @contextmanager
    def stream(self, path: str) -> Iterator[BinaryIO]:
        """An object as a stream that can be sought in; read a few megabytes at a time."""
        with (
            _explaining(self.address, path),
            self.files.open(self._full(path), "rb", block_size=_TABLE_BLOCK_BYTES) as raw,
        ):
            yield cast("BinaryIO", io.BufferedReader(raw, _TABLE_BLOCK_BYTES))

    def read_range(self, path: str, start: int, count: int) -> bytes:
        """So many bytes from `start`, in one request; fewer where the object ends. Raises as `read` does."""
        if not count:
            return b""
        with _explaining(self.address, path):
            return bytes(self.files.cat_file(self._full(path), start=start, end=start + count))

    def _start_of(self, path: str, count: int) -> bytes:
        try:
            with _explaining(self.address, path):
                return bytes(self.files.cat_file(self._full(path), start=0, end=count))
        except StoreUnreachable:
            raise
        except InputError:
            # S3 has no range to give of an empty object, and answers with an error.
            if self._size_of(path) == 0:
                return b""
            raise

    def _size_of(self, path: str) -> int:
        with _explaining(self.address, path):
            return int(self.files.info(self._full(path))["size"])

    def _enter_if_there(self, folder: str) -> None:
        try:
            self.enter(folder)
        except InputError as err:
            if not isinstance(err.__cause__, FileNotFoundError):
                raise

    def _full(self, path: str) -> str:
        root = self.files._strip_protocol(str(self.address)).rstrip("/")
        return f"{root}/{path}" if path else root

    def _relative(self, info: Mapping[str, Any]) -> str | None:
        """The path below the root; None for what a listing names that is not."""
        inside = f"{self._full('')}/"
        name = str(info["name"])
        return name[len(inside) :] if name.startswith(inside) else None


def is_bad_key(path: str) -> bool:
    """Whether a path has parts that lead nowhere or upwards; a bucket may hold such names, a folder not."""
    return any(part in ("", ".", "..") for part in path.split("/"))


def bad_key(path: str) -> Quarantined:
    """The note for such a path."""
    message = f"'{path}' has an empty part, or one of dots alone. Rename the object."
    return Quarantined(path, "bad_name", message)


@contextmanager
def _explaining(address: Address, path: str) -> Iterator[None]:
    try:
        yield
    except SightlineError:
        raise
    except (
        Exception
    ) as err:  # the packages raise what they like: botocore, aiohttp, google and azure have no common root
        raise explained(address, path, err) from err
