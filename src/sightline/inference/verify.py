"""All checks of a bundle, one after the other, as a list that a person can read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sightline.bundle import (
    Bundle,
    Manifest,
    PublicKey,
    Signed,
    check_listing,
    check_signatures,
    read_manifest,
    require_signature,
)
from sightline.errors import BundleError, GoldenMismatch, MissingExtra
from sightline.inference.engine import open_engine
from sightline.inference.golden import STAGES, replay_golden, replay_variant

_BEFORE, _AFTER = ("manifest", "listing", "files"), ("graph", *(f"golden: {stage}" for stage in STAGES))


@dataclass(frozen=True)
class Check:
    """One check: passed, failed, or not run because one before it failed; none: nothing was there, nor had to be."""

    name: str
    outcome: Literal["passed", "failed", "not run", "none"]
    detail: str


def verify_bundle(
    root: Path, trusted: Sequence[PublicKey] = (), *, signature_required: bool = False
) -> list[Check]:
    """Run every check of the bundle at `root`. After a failure the later ones are not run, except among files.

    trusted
        Whose signatures to verify, before the graph is opened; without any, and if none is required, that is no check.

    Raises:
        InputError: there is no bundle at this place, or a signature is required and no key is trusted.
    """
    checks: list[Check] = []
    signed = ("signatures",) if trusted or signature_required else ()
    plan = (*_BEFORE, *signed, *_AFTER)
    try:
        bundle_id, manifest = read_manifest(root)
        checks.append(_passed("manifest", f"schema version {manifest.schema_version}, id {bundle_id[:12]}…"))
        check_listing(root, manifest)
        checks.append(_passed("listing", f"{len(manifest.files)} files, none missing, none more"))
        bundle = Bundle(root, bundle_id, manifest, manifest).with_variant(manifest.default_variant)
        damaged = _damaged_files(bundle)
        if not damaged:
            checks.append(_passed("files", f"SHA-256 of every file, {_size_mb(manifest):.1f} MB"))
            if signed:
                verify = require_signature if signature_required else check_signatures
                checks.append(_of_signatures(verify(bundle, trusted)))
            engine = open_engine(bundle)
            checks.append(
                _passed(
                    "graph",
                    f"variant {manifest.default_variant}, {manifest.task}, {len(manifest.labels)} labels",
                )
            )
            checks += _golden_checks(bundle, lambda: replay_golden(bundle, engine))
            checks += [
                _check_variant(bundle.with_variant(name))
                for name in manifest.variants
                if name != manifest.default_variant
            ]
        checks += damaged
    except BundleError as err:
        checks.append(Check(plan[len(checks)], "failed", str(err)))
    done = {check.name for check in checks}
    return checks + [Check(name, "not run", "") for name in plan if name not in done]


def _passed(name: str, detail: str) -> Check:
    return Check(name, "passed", detail)


def _of_signatures(signed: Signed) -> Check:
    parts = [f"{key.name} ({key.id})" for key in signed.signers] or ["no trusted key"]
    if signed.unknown:
        parts.append(f"not looked at, for their keys are not trusted: {', '.join(signed.unknown)}")
    return Check("signatures", "passed" if signed.signers else "none", "; ".join(parts))


def _size_mb(manifest: Manifest) -> float:
    return sum(record.size for record in manifest.files.values()) / 1e6


def _damaged_files(bundle: Bundle) -> list[Check]:
    damaged = []
    for name in bundle.manifest.files:
        try:
            bundle.read(name)
        except BundleError as err:
            damaged.append(Check("files", "failed", str(err)))
    return damaged


def _check_variant(bundle: Bundle) -> Check:
    name, variant = bundle.manifest.default_variant, bundle.manifest.variants[bundle.manifest.default_variant]
    try:
        replay_variant(bundle, open_engine(bundle))
    except MissingExtra as err:
        return Check(f"variant {name}", "not run", str(err))
    except BundleError as err:
        return Check(f"variant {name}", "failed", str(err))
    detail = f"{variant.engine}, {variant.precision}, graph within {bundle.manifest.golden.logit:.3g}, and decision"
    return _passed(f"variant {name}", detail)


def _golden_checks(bundle: Bundle, replay: Callable[[], None]) -> list[Check]:
    detail = f"{bundle.manifest.golden.count} golden images"
    try:
        replay()
    except GoldenMismatch as err:
        failed = STAGES.index(err.stage)
        passed = [_passed(f"golden: {stage}", detail) for stage in STAGES[:failed]]
        return [*passed, Check(f"golden: {err.stage}", "failed", str(err))]
    return [_passed(f"golden: {stage}", detail) for stage in STAGES]
