"""A bundle tried on a regression set."""

from collections.abc import Sequence
from pathlib import Path

from sightline.errors import ImageError, InputError
from sightline.inference import Predictor
from sightline.lifecycle.regression.answer import is_right
from sightline.lifecycle.regression.case import Case
from sightline.lifecycle.regression.lock import sole_writer
from sightline.lifecycle.regression.table import read_picture, read_set, write_set
from sightline.parallel import Progress
from sightline.records import Frozen, Verdict


class CaseResult(Frozen):
    """One case and what the bundle answers now.

    answer, probability, verdict
        Labels held for true, the probability of the most probable label, and what is done with the answer. Empty
        and None where the picture is not taken; `reason` then says why, else why the verdict is what it is.
    """

    case: Case
    right: bool
    answer: tuple[str, ...]
    probability: float | None
    verdict: Verdict | None
    reason: str

    @property
    def returned(self) -> bool:
        """Wrong, though it was fixed or must be right."""
        return self.case.guarded and not self.right


class RegressionResult(Frozen):
    """A bundle, by one of its variants, on all cases of a set, in their order."""

    bundle: str
    bundle_id: str
    variant: str
    cases: tuple[CaseResult, ...]

    @property
    def returned(self) -> tuple[CaseResult, ...]:
        """Failures that have come back, and answers that must be right and are not: these fail a gate."""
        return tuple(one for one in self.cases if one.returned)

    @property
    def mended(self) -> tuple[CaseResult, ...]:
        """Open failures that this bundle has right."""
        return tuple(one for one in self.cases if one.right and not one.case.guarded)

    @property
    def still_open(self) -> tuple[CaseResult, ...]:
        """Open failures that are still wrong."""
        return tuple(one for one in self.cases if not one.right and not one.case.guarded)


def run_set(predictor: Predictor, folder: Path, progress: Progress | None = None) -> RegressionResult:
    """Ask the bundle about every picture, as in production: its pixels, its graph, its decision.

    Raises:
        InputError: no set, mistakes in it, a picture that is missing or changed, or labels that the bundle does not
            know.
    """
    cases = read_set(folder)
    _require_known(predictor, cases, folder)
    results = []
    for done, case in enumerate(cases, start=1):
        results.append(_try(predictor, folder, case))
        if progress is not None:
            progress(done, len(cases))
    bundle = predictor.bundle
    return RegressionResult(
        bundle=bundle.manifest.name,
        bundle_id=bundle.id,
        variant=bundle.manifest.default_variant,
        cases=tuple(results),
    )


def mark_fixed(folder: Path, result: RegressionResult) -> None:
    """Turn open cases that the bundle has right into fixed ones: from now on they must stay right.

    Raises:
        InputError: the set cannot be read or written.
    """
    mended = {one.case.sha256 for one in result.mended}
    update = {"state": "fixed", "fixed_by": result.bundle_id}
    try:
        with sole_writer(folder):
            cases = read_set(folder)
            write_set(
                folder,
                [case.model_copy(update=update) if case.sha256 in mended else case for case in cases],
            )
    except OSError as err:
        raise InputError(f"'{folder}' cannot be written to: {err.strerror or err}.") from err


def _require_known(predictor: Predictor, cases: Sequence[Case], folder: Path) -> None:
    manifest = predictor.bundle.manifest
    unknown = sorted({label for case in cases for label in case.labels} - set(manifest.labels))
    if unknown:
        raise InputError(
            f"'{folder}' has the labels {', '.join(unknown)}, which bundle '{manifest.name}' does not know. It can "
            "be tried on sets of its own labels only."
        )


def _try(predictor: Predictor, folder: Path, case: Case) -> CaseResult:
    try:
        data = read_picture(folder, case, predictor.bundle.manifest.preprocessing.limits)
        found = predictor.predict(data)
    except ImageError as err:
        return CaseResult(
            case=case, right=False, answer=(), probability=None, verdict=None, reason=f"not taken: {err}"
        )
    return CaseResult(
        case=case,
        right=is_right(found, case.labels),
        answer=found.labels,
        probability=found.probability,
        verdict=found.decision,
        reason=found.reason,
    )
