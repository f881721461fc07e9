"""The artefact: written atomically, read with suspicion."""

from sightline.bundle.digest import MANIFEST_FILE, sha256
from sightline.bundle.golden import (
    EXPECTED_FILE,
    GoldenOutputs,
    block_means,
    golden_names,
    pack_decided,
    pack_golden,
    unpack_decided,
    unpack_golden,
)
from sightline.bundle.head import HEAD_FILE, Head, pack_head, unpack_head
from sightline.bundle.keys import (
    PublicKey,
    SigningKey,
    read_public_keys,
    read_signing_key,
)
from sightline.bundle.manifest import (
    REFERENCE_FILE,
    SCHEMA_VERSION,
    FileRecord,
    Golden,
    Graph,
    Manifest,
    Precision,
    Provenance,
    Recalibration,
    Runtime,
    Variant,
    to_json,
)
from sightline.bundle.new_keys import create_keys
from sightline.bundle.read import Bundle, check_listing, read_bundle, read_manifest
from sightline.bundle.reference import (
    MOST_IMAGES,
    Reference,
    pack_reference,
    read_reference,
    unpack_reference,
)
from sightline.bundle.signature_files import signature_ids, signature_name
from sightline.bundle.signatures import (
    Signed,
    check_signatures,
    require_signature,
    sign_bundle,
    signed_message,
)
from sightline.bundle.write import bundle_around, check_target, list_files, write_bundle

__all__ = [
    "EXPECTED_FILE",
    "HEAD_FILE",
    "MANIFEST_FILE",
    "MOST_IMAGES",
    "REFERENCE_FILE",
    "SCHEMA_VERSION",
    "Bundle",
    "FileRecord",
    "Golden",
    "GoldenOutputs",
    "Graph",
    "Head",
    "Manifest",
    "Precision",
    "Provenance",
    "PublicKey",
    "Recalibration",
    "Reference",
    "Runtime",
    "Signed",
    "SigningKey",
    "Variant",
    "block_means",
    "bundle_around",
    "check_listing",
    "check_signatures",
    "check_target",
    "create_keys",
    "golden_names",
    "list_files",
    "pack_decided",
    "pack_golden",
    "pack_head",
    "pack_reference",
    "read_bundle",
    "read_manifest",
    "read_public_keys",
    "read_reference",
    "read_signing_key",
    "require_signature",
    "sha256",
    "sign_bundle",
    "signature_ids",
    "signature_name",
    "signed_message",
    "to_json",
    "unpack_decided",
    "unpack_golden",
    "unpack_head",
    "unpack_reference",
    "write_bundle",
]
