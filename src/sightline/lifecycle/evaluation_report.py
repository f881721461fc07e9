"""From an evaluation to its page: everything gathered, and the pictures chosen."""

from sightline import __version__
from sightline.bundle import Manifest
from sightline.dataset import Dataset
from sightline.dataset.reading.read import Listener
from sightline.evaluation import AnyEvaluation, evaluate_scores
from sightline.inference import Predictor
from sightline.lifecycle.evaluate_bundle import Evaluated
from sightline.lifecycle.explain_mistakes import explain_cards, said_of_method
from sightline.lifecycle.judge import known_splits, sampling_of
from sightline.lifecycle.provenance import hardware, now, package_versions, python_version
from sightline.lifecycle.verdict_counts import subject_of
from sightline.records import DecisionRule, ScoredSet
from sightline.report import (
    Compared,
    Material,
    Origin,
    choose_galleries,
    render_report,
)

_PACKAGES = ("numpy", "onnxruntime", "pillow", "scipy", "simplejpeg")


def draw_evaluation_report(
    predictor: Predictor, found: Evaluated, *, command: str = "", listen: Listener | None = None
) -> str:
    """The report as one HTML page; see `sightline.report`.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    material = gather(predictor, found, command, listen)
    return render_report(material, listen("Drawing the report") if listen else None)


def gather(
    predictor: Predictor, found: Evaluated, command: str = "", listen: Listener | None = None
) -> Material:
    """All that the page is made from; pictures are read where the evaluation had them."""
    manifest = predictor.bundle.manifest
    judgement, dataset = found.judgement, found.dataset
    subject = subject_of(predictor, found.scored)
    compared = judgement.comparison
    galleries = choose_galleries(subject)
    store = None if dataset is None else dataset.store
    progress = listen("Explaining mistakes") if listen else None
    explained = explain_cards(predictor, subject, galleries.mistakes.cards, store, progress)
    return Material(
        bundle_id=predictor.bundle.id,
        manifest=manifest,
        subject=subject,
        sampling=sampling_of(found.scored),
        evaluation=judgement.evaluation,
        uncalibrated=_uncalibrated(found.scored, manifest),
        galleries=galleries,
        origin=_origin(found, command),
        store=store,
        limits=manifest.preprocessing.limits,
        same_as_baselines=_is_own_test_split(predictor, dataset),
        gates=judgement.gates,
        slices=judgement.slices,
        compared=None if compared is None else Compared(compared.bundle, compared.comparison),
        explained=explained,
        explained_by=said_of_method(explained),
    )


def _uncalibrated(scored: ScoredSet, manifest: Manifest) -> AnyEvaluation:
    """What the network says of itself; only the probabilities differ, and answers that hang on thresholds."""
    return evaluate_scores(scored.scores, DecisionRule(activation=manifest.decision.activation))


def _origin(found: Evaluated, command: str) -> Origin:
    dataset = found.dataset
    return Origin(
        created_at=now(),
        location="scores on disk" if dataset is None else dataset.store.location,
        dataset_digest="" if dataset is None else dataset.digest(),
        command=command,
        set_aside=found.quarantine,
        versions={"sightline": __version__, "python": python_version(), **package_versions(_PACKAGES)},
        hardware=hardware("cpu"),
    )


def _is_own_test_split(predictor: Predictor, dataset: Dataset | None) -> bool:
    """Whether these are, by their content, the very pictures that the bundle's baselines were measured on."""
    if dataset is None:
        return False
    tested = {sha256 for sha256, split in known_splits(predictor.bundle).items() if split == "test"}
    return bool(tested) and tested == set(dataset.table["sha256"].to_pylist())
