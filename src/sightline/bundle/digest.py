"""The bundle's id: the SHA-256 of its manifest in canonical JSON.

The id stands in the manifest itself, beside the content that it is the digest of, and the file has exactly one
spelling: keys sorted, two spaces of indentation, a newline at the end. So that one changed byte anywhere in
`bundle.json`, even in its white space, shows. It is no signature: whoever rewrites the manifest can give it a
new id, which then is the id of another bundle.
"""

import hashlib
import json
from typing import Any

from pydantic import ValidationError

from sightline.bundle.manifest import SCHEMA_VERSION, Manifest, to_json
from sightline.errors import BundleCorrupt, BundleTooNew

MANIFEST_FILE = "bundle.json"
_LARGEST_MANIFEST = 64 * 1024 * 1024


def sha256(data: bytes) -> str:
    """Return 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def seal(manifest: Manifest) -> tuple[str, bytes]:
    """Return the bundle's id and the bytes of `bundle.json`."""
    content = to_json(manifest)
    bundle_id = sha256(_canonical(content))
    return bundle_id, _canonical({"id": bundle_id, **content})


def unseal(data: bytes) -> tuple[str, Manifest]:
    """Check the bytes of `bundle.json` and return the bundle's id and its manifest.

    Raises:
        BundleTooNew: a schema version that this Sightline does not know.
        BundleCorrupt: no JSON, another spelling than the canonical one, a wrong id, or fields that do not fit.
    """
    content = _parse(data)
    version = content.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BundleTooNew(
            f"{MANIFEST_FILE} has schema version {version}; this Sightline reads up to {SCHEMA_VERSION}. "
            "Install a newer Sightline, or build the bundle again with this one."
        )
    claimed = content.pop("id", None)
    actual = sha256(_canonical(content))
    if claimed != actual or _canonical({"id": claimed, **content}) != data:
        raise BundleCorrupt(
            MANIFEST_FILE,
            f"{MANIFEST_FILE} was changed after it was written: its content has the digest {actual[:12]}…, "
            f"its id says {str(claimed)[:12]}…. Take the bundle from its source again.",
        )
    try:
        return actual, Manifest.model_validate(content)
    except ValidationError as err:
        raise BundleCorrupt(MANIFEST_FILE, f"{MANIFEST_FILE} does not hold together: {_listed(err)}") from err


def _parse(data: bytes) -> dict[str, Any]:
    try:
        if len(data) > _LARGEST_MANIFEST:
            raise ValueError(f"{len(data):,} bytes are more than a manifest has")
        content = json.loads(data, parse_constant=_refuse_constant)
        if not isinstance(content, dict):
            raise ValueError("it is not an object")
    except (ValueError, RecursionError) as err:
        raise BundleCorrupt(MANIFEST_FILE, f"{MANIFEST_FILE} is not a manifest: {err}") from err
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _canonical(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def _listed(err: ValidationError) -> str:
    places = ((".".join(str(part) for part in error["loc"]), error["msg"]) for error in err.errors())
    return "; ".join(f"{place}: {message}" if place else message for place, message in places)
