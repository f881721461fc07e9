"""Reading a bundle with suspicion: nothing in it is used before all of it has been checked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sightline.bundle.digest import MANIFEST_FILE, sha256, unseal
from sightline.bundle.manifest import FileRecord, Manifest
from sightline.bundle.signature_files import SIGNATURES_FOLDER, signature_ids
from sightline.errors import BundleCorrupt, InputError


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose manifest and files have been verified.

    manifest
        With the default variant and the decision that answer here.
    sealed
        As it stands on disk; the golden images were recorded by what it says.
    """

    root: Path
    id: str
    manifest: Manifest
    sealed: Manifest

    def read(self, name: str) -> bytes:
        """Return a file's content, verified again at this moment.

        Raises:
            BundleCorrupt: it is not listed, missing, or not what the manifest says.
        """
        record = self.manifest.files.get(name)
        if record is None:
            raise BundleCorrupt(name, f"The manifest of '{self.root}' lists no file '{name}'.")
        return _read_verified(self.root, name, record)

    def with_variant(self, name: str) -> "Bundle":
        """The same bundle, answering by another of its variants, with the decision that was fitted to that.

        Raises:
            InputError: there is no such variant.
        """
        manifest = self.sealed
        if name not in manifest.variants:
            raise InputError(
                f"The bundle '{manifest.name}' has no variant '{name}'. It has: {', '.join(manifest.variants)}."
            )
        variant = manifest.variants[name]
        golden = manifest.golden
        if variant.golden_logit is not None:
            golden = golden.model_copy(update={"logit": variant.golden_logit})
        answering = {
            "default_variant": name,
            "decision": variant.decision or manifest.decision,
            "golden": golden,
        }
        return replace(self, manifest=manifest.model_copy(update=answering))


def read_manifest(root: Path) -> tuple[str, Manifest]:
    """Read and check `bundle.json` alone; return the bundle's id and its manifest.

    Raises:
        InputError: there is no bundle at this place.
        BundleCorrupt, BundleTooNew: see `sightline.bundle.digest.unseal`.
    """
    path = root / MANIFEST_FILE
    if not path.is_file() or path.is_symlink():
        raise InputError(
            f"'{root}' is no bundle: it has no file {MANIFEST_FILE}. Make one with `sightline train DATA`."
        )
    return unseal(path.read_bytes())


def read_bundle(root: Path) -> Bundle:
    """Open a bundle and verify its manifest and every file.

    Raises:
        InputError: there is no bundle at this place.
        BundleTooNew: written by a newer Sightline.
        BundleCorrupt: a file is missing, extra or changed; the message names it.
    """
    bundle_id, manifest = read_manifest(root)
    check_listing(root, manifest)
    for name, record in manifest.files.items():
        _read_verified(root, name, record)
    return Bundle(root, bundle_id, manifest, manifest).with_variant(manifest.default_variant)


def check_listing(root: Path, manifest: Manifest) -> None:
    """Compare the folder with the manifest's list: nothing missing, nothing more but signatures, no links.

    Raises:
        BundleCorrupt: naming the first file that does not fit.
    """
    present = set(_files_below(root))
    signature_ids(root)
    for name in manifest.files:
        if name not in present:
            raise BundleCorrupt(name, f"The bundle '{root}' lacks the file '{name}'.")
    for name in sorted(present - set(manifest.files) - {MANIFEST_FILE}):
        if name.startswith(f"{SIGNATURES_FOLDER}/"):
            continue
        raise BundleCorrupt(
            name, f"The bundle '{root}' has a file '{name}' that its manifest does not list. Take it out."
        )


def _files_below(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            raise BundleCorrupt(
                name, f"The bundle '{root}' has a link '{name}'. Bundles hold plain files only."
            )
        if not path.is_dir():
            yield name


def _read_verified(root: Path, name: str, record: FileRecord) -> bytes:
    path = root / name
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size == record.size else b""
    except OSError as err:
        raise BundleCorrupt(name, f"'{path}' cannot be read: {err.strerror or err}.") from err
    if size != record.size:
        raise BundleCorrupt(name, f"'{path}' has {size:,} bytes where the manifest says {record.size:,}.")
    if sha256(data) != record.sha256:
        raise BundleCorrupt(
            name,
            f"'{path}' was changed after it was written: it has the SHA-256 {sha256(data)[:12]}… where the "
            f"manifest says {record.sha256[:12]}…. Take the bundle from its source again.",
        )
    return data
