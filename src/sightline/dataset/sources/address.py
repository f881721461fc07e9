"""Where a data set is said to lie: a path on this machine, or an address such as `s3://bucket/tiles`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from sightline.errors import InputError

# Two letters or more: C:\tiles is a drive. One slash will do: pathlib folds the two of an address into one.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,3}([^/].*)?", re.DOTALL)
_LOCAL = re.compile(r"(?:file|local):/{1,3}(?!/)")
_PASSWORD = re.compile(r"[^/@]*:[^/@]*@")


@dataclass(frozen=True)
class Address:
    """A remote place.

    scheme
        In small letters: `s3`.
    rest
        What stands behind `://`, without a slash at its end.
    """

    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.rest}"

    @property
    def name(self) -> str:
        """The last part; empty for a bucket alone."""
        return self.rest.rpartition("/")[2] if "/" in self.rest else ""

    @property
    def parent(self) -> "Address":
        """The address without its last part."""
        return Address(self.scheme, self.rest.rpartition("/")[0])

    @classmethod
    def of(cls, location: str | Path) -> Self | None:
        """Read an address; None if it is a path on this machine.

        Raises:
            InputError: it has a password in it, or names nothing.
        """
        text = str(location)
        found = _ADDRESS.fullmatch(text)
        if not found or _LOCAL.match(text) or (isinstance(location, Path) and location.exists()):
            return None
        scheme, rest = found[1].lower(), (found[2] or "").rstrip("/")
        if _PASSWORD.match(rest):
            raise InputError(
                f"The {scheme}:// address has a password in it, which would be kept with the data set. Give "
                "credentials through the provider's environment variables or configuration file."
            )
        if not rest:
            raise InputError(f"'{text}' names no bucket. Write {scheme}://bucket/folder.")
        return cls(scheme, rest)


def local_path(location: str | Path) -> Path:
    """The path on this machine, of a path or of a `file://` address."""
    text = str(location)
    if _LOCAL.match(text):
        return Path(unquote(urlsplit(text).path))
    return Path(location)
