"""A file that appears whole or not at all, and several that appear together."""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

Content = bytes | Callable[[BinaryIO], object]


def write_whole(path: Path, content: Content, mode: int = 0o644) -> None:
    """Write to a temporary name in the same folder, to the disk, then to its place.

    `content` is the bytes, or writes them to the open file that it is given. `mode` says who may read it.

    Raises:
        OSError: what the system says; nothing is left behind then.
    """
    write_together(path.parent, {path.name: content}, mode)


def write_together(folder: Path, contents: Mapping[str, Content], mode: int = 0o644) -> None:
    """Write files that belong together: all to temporary names first, and only then each to its place.

    Raises:
        OSError: what the system says; the folder is then as it was.
    """
    written: dict[Path, Path] = {}
    try:
        for name, content in contents.items():
            written[folder / name] = _write_aside(folder / name, content, mode)
        for path in written:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        for path, aside in written.items():
            aside.replace(path)
    except BaseException:
        for aside in written.values():
            aside.unlink(missing_ok=True)
        raise


def _write_aside(path: Path, content: Content, mode: int) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(mode)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return aside
