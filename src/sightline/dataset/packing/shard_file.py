"""One tar on its way to disk; equal members give equal bytes."""

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

Members = Sequence[tuple[str, bytes]]


class ShardFile:
    """An open tar of the pax format: no times, no owners. Close it, also if something fails."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self.samples = 0

    @property
    def size_bytes(self) -> int:
        """What has been written so far."""
        return self._file.tell()

    def add(self, members: Members) -> None:
        """Write the members of one sample, one after the other."""
        for name, data in members:
            self._tar.addfile(_info(name, data), io.BytesIO(data))
        self.samples += 1

    def finish(self) -> int:
        """Write the end, bring all of it to the disk, and return its size in bytes."""
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        return self.size_bytes

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def tar_bytes(members: Members) -> int:
    """How many bytes members take in a shard."""
    block = tarfile.BLOCKSIZE
    headers = sum(len(_info(name, data).tobuf(tarfile.PAX_FORMAT)) for name, data in members)
    return headers + sum(-(-len(data) // block) * block for _, data in members)


def _info(name: str, data: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info
