"""Everything that is said of a bundle on one set of images: figures, slices, comparison, gates."""

from collections.abc import Mapping, Sequence

from sightline.bundle import Manifest
from sightline.dataset import Dataset
from sightline.errors import InputError
from sightline.evaluation import AnyEvaluation
from sightline.evaluation.comparison import Comparison, compare
from sightline.evaluation.comparison.answered import read_answered
from sightline.evaluation.gates import Drop, Gate, GateResult, judge_gates
from sightline.evaluation.slices import SliceFindings, find_slices
from sightline.inference import Predictor
from sightline.lifecycle.judge import sampling_of
from sightline.lifecycle.score import score_dataset
from sightline.lifecycle.verdict_counts import VerdictCounts
from sightline.lifecycle.views import View
from sightline.parallel import Progress
from sightline.records import Frozen, ScoredSet, ScoresOrigin


class Compared(Frozen):
    """The comparison with another bundle, and which."""

    bundle: str
    bundle_id: str
    comparison: Comparison


class SetAside(Frozen):
    """A file that could not be scored: where, why in one word, and why in a sentence."""

    path: str
    reason: str
    message: str


class Judgement(Frozen):
    """What `evaluation.json` holds, and `sightline evaluate --json` prints.

    origin
        The bundle, the split, and how many of its pictures training has seen.
    comparison
        With the bundle that was asked for; None where none was.
    gates
        In the order that they were given.
    verdicts
        How many pictures are accepted, reviewed and rejected, as the service would; None under test-time augmentation,
        which the service does not do.
    quarantined_count, quarantined
        Files that could not be scored, and the first 1,000 of them. None and empty where the scores came from disk.
    """

    schema_version: int = 1
    bundle: str
    origin: ScoresOrigin
    evaluation: AnyEvaluation
    slices: SliceFindings
    comparison: Compared | None = None
    gates: tuple[GateResult, ...] = ()
    verdicts: VerdictCounts | None = None
    quarantined_count: int | None = None
    quarantined: tuple[SetAside, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every gate is kept."""
        return all(gate.passed for gate in self.gates)


def require_comparable(manifest: Manifest, theirs: Manifest) -> None:
    """See that two bundles answer the same question.

    Raises:
        InputError: they have other labels or another task.
    """
    if set(theirs.labels) == set(manifest.labels) and theirs.task == manifest.task:
        return
    missing = sorted(set(manifest.labels) ^ set(theirs.labels))
    what = (
        f"only one of them knows {', '.join(missing[:10])}" if missing else f"{theirs.name} is {theirs.task}"
    )
    raise InputError(
        f"Bundles '{manifest.name}' and '{theirs.name}' cannot be compared: {what}. Labels and task must be "
        "the same."
    )


def compare_with_bundle(
    scored: ScoredSet,
    manifest: Manifest,
    dataset: Dataset,
    other: Predictor,
    progress: Progress | None = None,
    *,
    views: Sequence[View] = (),
) -> Compared:
    """Score another bundle on the same images and put the two side by side.

    dataset
        The very images that were scored, in their order.

    Raises:
        InputError: it has other labels or another task.
    """
    theirs = other.bundle.manifest
    require_comparable(manifest, theirs)
    scores = score_dataset(
        other.engine, dataset, theirs.preprocessing, theirs.labels, progress, task=theirs.task, views=views
    )
    comparison = compare(scored.scores, manifest.decision, scores, theirs.decision, sampling_of(scored))
    return Compared(bundle=theirs.name, bundle_id=other.bundle.id, comparison=comparison)


def bundles_of_gates(gates: Sequence[Gate]) -> tuple[str, ...]:
    """The bundles that gates compare with, each once."""
    return tuple(dict.fromkeys(gate.bundle for gate in gates if isinstance(gate, Drop)))


def assemble_judgement(
    scored: ScoredSet,
    manifest: Manifest,
    evaluation: AnyEvaluation,
    gates: Sequence[Gate] = (),
    compared: Mapping[str, Compared] | None = None,
    shown: str | None = None,
) -> Judgement:
    """Add slices and gates to the figures.

    compared
        Comparisons by the name that a gate or the user gave.
    shown
        Which of them the user asked for.
    """
    compared = compared or {}
    answered = read_answered(scored.scores, manifest.decision, scored.scores.labels)
    comparisons = {name: one.comparison for name, one in compared.items()}
    return Judgement(
        bundle=manifest.name,
        origin=scored.origin,
        evaluation=evaluation,
        slices=find_slices(scored.scores, answered.right, scored.columns, sampling_of(scored)),
        comparison=None if shown is None else compared[shown],
        gates=judge_gates(gates, evaluation, manifest.task, comparisons),
    )
