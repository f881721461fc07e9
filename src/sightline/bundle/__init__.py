"""The artefact: written atomically, read with suspicion."""

from sightline.bundle.digest import MANIFEST_FILE, sha256
from sightline.bundle.golden import (
    EXPECTED_FILE,
    GoldenOutputs,
    block_means,
    golden_names,
    pack_golden,
    unpack_golden,
)
from sightline.bundle.head import HEAD_FILE, Head, pack_head, unpack_head
from sightline.bundle.manifest import (
    SCHEMA_VERSION,
    FileRecord,
    Golden,
    Graph,
    Manifest,
    Provenance,
    Recalibration,
    Variant,
    to_json,
)
from sightline.bundle.read import Bundle, check_listing, read_bundle, read_manifest
from sightline.bundle.write import check_target, list_files, write_bundle

__all__ = [
    "EXPECTED_FILE",
    "HEAD_FILE",
    "MANIFEST_FILE",
    "SCHEMA_VERSION",
    "Bundle",
    "FileRecord",
    "Golden",
    "GoldenOutputs",
    "Graph",
    "Head",
    "Manifest",
    "Provenance",
    "Recalibration",
    "Variant",
    "block_means",
    "check_listing",
    "check_target",
    "golden_names",
    "list_files",
    "pack_golden",
    "pack_head",
    "read_bundle",
    "read_manifest",
    "sha256",
    "to_json",
    "unpack_golden",
    "unpack_head",
    "write_bundle",
]
