"""Where signatures lie: `signatures/<key id>.sig`, 64 bytes each, beside the manifest and not listed in it."""

import re
import stat
from pathlib import Path

from sightline.errors import BundleCorrupt

SIGNATURES_FOLDER = "signatures"
MOST_SIGNATURES = 64
_SIZE = 64  # of an Ed25519 signature, RFC 8032
_NAME = re.compile(r"([0-9a-f]{32})\.sig")
_BEING_WRITTEN = re.compile(r"\.[0-9a-f]{32}\.sig\.\w{1,16}\.partial", re.ASCII)


def signature_name(key_id: str) -> str:
    """The file's name in the bundle."""
    return f"{SIGNATURES_FOLDER}/{key_id}.sig"


def signature_ids(root: Path) -> tuple[str, ...]:
    """The ids of the keys that are said to have signed; nothing is verified but that the files can be signatures.

    A file that `sightline sign` is just writing is passed over.

    Raises:
        BundleCorrupt: a link, a file of another name or size, or more than 64.
    """
    folder = root / SIGNATURES_FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BundleCorrupt(SIGNATURES_FOLDER, f"'{folder}' is a link or a file where a folder is expected.")
    paths = sorted(folder.iterdir()) if folder.exists() else []
    if len(paths) > MOST_SIGNATURES:
        raise BundleCorrupt(
            SIGNATURES_FOLDER, f"'{folder}' has {len(paths)} files; at most {MOST_SIGNATURES} are taken."
        )
    return tuple(found[1] for path in paths if (found := _NAME.fullmatch(_checked(path))))


def read_signature(root: Path, key_id: str) -> bytes:
    """Return the 64 bytes of a key's signature.

    Raises:
        BundleCorrupt: it cannot be read, or has another size.
    """
    name = signature_name(key_id)
    try:
        with (root / name).open("rb") as file:
            content = file.read(_SIZE + 1)
    except OSError as err:
        raise BundleCorrupt(name, f"'{root / name}' cannot be read: {err.strerror or err}.") from err
    if len(content) != _SIZE:
        raise BundleCorrupt(name, f"'{root / name}' is no signature: one has {_SIZE} bytes. Take it out.")
    return content


def _checked(path: Path) -> str:
    name = f"{SIGNATURES_FOLDER}/{path.name}"
    try:
        found = path.lstat()
    except FileNotFoundError:  # renamed or taken out a moment ago
        return ""
    if not stat.S_ISREG(found.st_mode):
        raise BundleCorrupt(name, f"'{path}' is no plain file, as a signature is. Take it out.")
    if _BEING_WRITTEN.fullmatch(path.name) and found.st_size <= _SIZE:
        return ""
    if not _NAME.fullmatch(path.name):
        raise BundleCorrupt(
            name, f"'{path}' is no signature: those are named by a key's id and '.sig'. Take it out."
        )
    if found.st_size != _SIZE:
        raise BundleCorrupt(
            name,
            f"'{path}' is no signature: it has {found.st_size:,} bytes where one has {_SIZE}. Take it out.",
        )
    return path.name
