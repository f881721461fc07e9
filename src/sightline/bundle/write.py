"""Writing a bundle: everything to a temporary folder, then one rename."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sightline.bundle.digest import MANIFEST_FILE, seal, sha256
from sightline.bundle.manifest import FileRecord, Manifest
from sightline.errors import InputError


def list_files(files: Mapping[str, bytes]) -> dict[str, FileRecord]:
    """Return size and SHA-256 of each file, as the manifest lists them."""
    return {name: FileRecord(size=len(data), sha256=sha256(data)) for name, data in sorted(files.items())}


def check_target(target: Path) -> None:
    """Refuse to write over anything, before hours of training rather than after.

    Raises:
        InputError: something is there already, it would lie in another bundle, or the folder above it cannot be
            written to.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"'{target}' exists already. Choose another place with --out, or move it away.")
    around = bundle_around(target)
    if around is not None:
        raise InputError(
            f"'{target}' lies in the bundle '{around}', which nothing may be added to. Choose another place with --out."
        )
    above = target.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(f"'{target}' cannot be made: '{above}' cannot be written to.")


def bundle_around(folder: Path) -> Path | None:
    """The bundle that a folder is, or lies in; None where there is none. The folder need not exist."""
    place = folder.resolve()
    return next((one for one in (place, *place.parents) if (one / MANIFEST_FILE).is_file()), None)


def write_bundle(target: Path, manifest: Manifest, files: Mapping[str, bytes]) -> str:
    """Write the bundle to `target` and return its id. It is there whole, or not at all.

    `manifest.files` must be `list_files(files)`.

    Raises:
        InputError: see `check_target`.
    """
    assert manifest.files == list_files(files)
    check_target(target)
    bundle_id, sealed = seal(manifest)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        for name, data in {**files, MANIFEST_FILE: sealed}.items():
            _write_file(folder / name, data)
        folder.chmod(0o755)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return bundle_id


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
