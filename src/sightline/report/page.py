"""The report as one HTML page."""

from collections.abc import Mapping

from sightline.evaluation import Evaluation, MultilabelEvaluation
from sightline.evaluation.part_accuracy import part_accuracy
from sightline.pages import Room, draw_thumbnails, inlined, render
from sightline.parallel import Progress
from sightline.records import VERDICTS
from sightline.report.charts import (
    RiskCoverage,
    draw_precision_recall,
    draw_reliability,
    draw_risk_coverage,
    read_risk_coverage,
)
from sightline.report.charts.plane import percent
from sightline.report.classes import figures_of, read_classes
from sightline.report.comparing import MOST_CHANGED, classes_that_changed
from sightline.report.confusion import Confusion, read_confusion
from sightline.report.figures import baselines_of, read_figures
from sightline.report.galleries import UNCERTAIN_BELOW
from sightline.report.lookalikes import draw_lookalikes
from sightline.report.material import Material
from sightline.report.numbers import between, decimal, share
from sightline.report.promises import read_promises
from sightline.report.rule import describe_rule
from sightline.report.verdict import Evidence, verdict

_ROOM = Room(
    "sightline.report",
    filters={
        "share": share,
        "decimal": decimal,
        "between": between,
        "inlined": inlined,
        "percent": percent,
    },
)
_MOST_SLICES = 20
_MOST_SET_ASIDE = 50


def render_report(material: Material, progress: Progress | None = None) -> str:
    """The page as text, to be written as UTF-8; under 5 MB, also with 1,000 classes.

    A picture that has vanished meanwhile leaves an empty frame. `progress` counts the pictures that are drawn.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    evaluation, subject = material.evaluation, material.subject
    baselines = baselines_of(material.manifest.metrics)
    confusion = read_confusion(evaluation, subject) if isinstance(evaluation, Evaluation) else None
    curve = _risk_coverage(material)
    return render(
        _ROOM,
        "report.html.j2",
        material=material,
        manifest=material.manifest,
        several=isinstance(evaluation, MultilabelEvaluation),
        evaluation=evaluation,
        uncalibrated=material.uncalibrated,
        verdict=verdict(
            Evidence(
                evaluation,
                subject.scored.origin,
                baselines if material.same_as_baselines else {},
                material.gates,
                material.slices,
                baselines_elsewhere=bool(baselines) and not material.same_as_baselines,
            )
        ),
        baselines=baselines,
        figures=read_figures(evaluation, baselines),
        classes=read_classes(evaluation),
        charts=_charts(material, curve),
        curve=curve,
        confusion=confusion,
        galleries=material.galleries,
        verdicts=_verdicts(material),
        steps=describe_rule(material.manifest.decision, material.manifest.labels),
        promises=read_promises(material),
        lead=UNCERTAIN_BELOW,
        most_slices=_MOST_SLICES,
        most_set_aside=_MOST_SET_ASIDE,
        most_changed=MOST_CHANGED,
        changed_classes=()
        if material.compared is None
        else classes_that_changed(material.compared.comparison),
        thumbnails=_thumbnails(material, confusion, progress),
        lookalikes=_lookalikes(material),
    )


def _thumbnails(
    material: Material, confusion: Confusion | None, progress: Progress | None
) -> Mapping[str, str]:
    if material.store is None:
        return {}
    return draw_thumbnails(_paths(material, confusion), material.store, material.limits, progress)


def _lookalikes(material: Material) -> Mapping[str, str]:
    if material.store is None:
        return {}
    return draw_lookalikes(material.explained, material.store, material.limits)


def _charts(material: Material, curve: RiskCoverage | None) -> list[object]:
    pairs = isinstance(material.evaluation, MultilabelEvaluation)
    before, after = material.uncalibrated, material.evaluation
    drawn = (
        draw_reliability(
            "Reliability before calibration",
            before.reliability,
            before.expected_calibration_error,
            pairs=pairs,
        ),
        draw_reliability(
            "Reliability, calibrated", after.reliability, after.expected_calibration_error, pairs=pairs
        ),
        None if curve is None else draw_risk_coverage(curve),
        draw_precision_recall(figures_of(material.evaluation)),
    )
    return [one for one in drawn if one is not None]


def _risk_coverage(material: Material) -> RiskCoverage | None:
    if isinstance(material.evaluation, MultilabelEvaluation):
        return None
    return read_risk_coverage(material.subject.pictures, material.subject.accepted)


def _verdicts(material: Material) -> Mapping[str, object] | None:
    """How many pictures are accepted, reviewed and rejected, and how many of the accepted are right.

    None under test-time augmentation: the service answers from one view, so these would not be its verdicts.
    """
    if material.subject.scored.origin.views:
        return None
    verdicts, accepted = material.subject.verdicts, material.subject.accepted
    if verdicts is None or accepted is None:
        return None
    count = len(verdicts)
    return {
        "shares": {
            name: (int((verdicts == code).sum()), float((verdicts == code).sum()) / count)
            for code, name in enumerate(VERDICTS)
        },
        "accuracy": part_accuracy(material.subject.pictures.right, accepted, material.sampling),
    }


def _paths(material: Material, confusion: Confusion | None) -> list[str]:
    paths = set(material.galleries.paths)
    if confusion is not None:
        paths |= {path for pair in confusion.pairs for path in pair.paths}
    if material.compared is not None:
        comparison = material.compared.comparison
        for changed in (comparison.worse, comparison.better):
            paths |= {one.id for one in changed[:MOST_CHANGED]}
    return sorted(paths)
