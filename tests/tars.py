"""Tars made on the spot, by the standard library alone."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from pictures import encode, gradient

Content = bytes | str | Mapping[str, object] | None


def picture(name: str) -> bytes:
    """A PNG whose size follows from its name."""
    return encode(gradient(8 + len(name), 9))


def tar_bytes(
    members: Mapping[str, Content] | Iterable[tuple[str, Content] | tarfile.TarInfo],
    archive_format: int = tarfile.PAX_FORMAT,
) -> bytes:
    """A tar of members in order: None is a picture, a mapping JSON, a TarInfo an entry without data."""
    buffer = io.BytesIO()
    entries = members.items() if isinstance(members, Mapping) else members
    with tarfile.open(fileobj=buffer, mode="w", format=archive_format) as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
                continue
            name, content = entry
            data = _encoded(name, content)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def write_tar(
    path: Path, members: Mapping[str, Content] | Iterable[tuple[str, Content] | tarfile.TarInfo]
) -> Path:
    """The same as a file, its folder made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_bytes(members))
    return path


def _encoded(name: str, content: Content) -> bytes:
    if content is None:
        return picture(name)
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content)).encode()
