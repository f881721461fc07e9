"""A new decision for a bundle that is there: the same graph, calibration and thresholds fitted anew."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from sightline import __version__
from sightline.bundle import (
    EXPECTED_FILE,
    Bundle,
    Manifest,
    Recalibration,
    check_target,
    list_files,
    pack_golden,
    read_bundle,
    write_bundle,
)
from sightline.dataset import Dataset
from sightline.errors import InputError
from sightline.evaluation import AnyEvaluation, evaluate_scores, headline
from sightline.evaluation.calibrating import FEWEST_INDEPENDENT, rows_of
from sightline.evaluation.operating import Fitted, Wishes
from sightline.inference import Predictor, read_golden, record_decisions, replay_golden
from sightline.lifecycle.decision import check_on, fit_on, groups_of
from sightline.lifecycle.judge import known_splits, sampling_for
from sightline.lifecycle.provenance import now
from sightline.lifecycle.score import score_dataset
from sightline.parallel import Progress
from sightline.records import DecisionReport, DecisionRule
from sightline.report.figures import BASELINE
from sightline.training.recipe.sections import DecisionSection
from sightline.training.recipe.yaml_text import parse_yaml

FITTED = (
    "calibration",
    "alarm_thresholds",
    "costs",
    "accept_thresholds",
    "label_thresholds",
    "review_from",
    "sets",
    "aim",
)
"""The fields of a rule that are fitted here; the others are taken over."""


@dataclass(frozen=True)
class Recalibrated:
    """A bundle with a new decision, and its figures by split."""

    path: Path
    id: str
    rule: DecisionRule
    report: DecisionReport
    evaluations: Mapping[str, AnyEvaluation]
    notices: tuple[str, ...]


@dataclass(frozen=True)
class _Parts:
    """Rows of the data: those that are fitted on, and those that judge the fit."""

    fit: list[int]
    judge: list[int]
    split: str
    chose_epoch: bool
    notices: tuple[str, ...]


def calibrate_bundle(
    predictor: Predictor,
    dataset: Dataset,
    section: DecisionSection,
    wishes: Wishes,
    target: Path,
    progress: Progress | None = None,
) -> Recalibrated:
    """Fit calibration and thresholds on images that training has not seen, and write a new bundle to `target`.

    Images that the bundle was trained on are known by their content and left out. Those of its test split, or of a
    split `test` of the data, judge the new decision and are not fitted on, unless there are no others. The graph is
    the same, byte for byte; golden pictures keep what was recorded of them up to the logits, and are decided anew.

    Raises:
        InputError: `target` exists, the bundle has several variants, training has seen every image, or those that it
            has not seen are too few.
        GoldenMismatch: this machine does not give what was evaluated, so nothing can be fitted here.
        DatasetError: a label that the bundle does not know, or wishes that cannot be meant.
    """
    check_target(target)
    bundle = predictor.bundle
    require_one_variant(bundle)
    replay_golden(bundle, predictor.engine)
    parts = _parts(dataset, known_splits(bundle), bundle.manifest.name)
    to_fit = dataset.take(parts.fit)
    _require_enough(to_fit)
    taken = dataset.take([*parts.fit, *parts.judge])
    manifest = bundle.manifest
    scores = score_dataset(
        predictor.engine, taken, manifest.preprocessing, manifest.labels, progress, task=manifest.task
    )
    rows = np.arange(len(scores.ids))
    on_fit, on_test = rows_of(scores, rows < len(parts.fit)), rows_of(scores, rows >= len(parts.fit))
    judge, scorer = dataset.take(parts.judge), predictor.scorer
    fitted = fit_on(on_fit, to_fit, wishes, split=parts.split, chose_epoch=parts.chose_epoch, scorer=scorer)
    rule = manifest.decision.model_copy(update={name: getattr(fitted.rule, name) for name in FITTED})
    evaluations = {parts.split: evaluate_scores(on_fit, rule, sampling_for(to_fit))}
    if parts.judge:
        fitted = check_on(fitted, on_test, judge, wishes, "test", scorer)
        evaluations["test"] = evaluate_scores(on_test, rule, sampling_for(judge))
    report = fitted.report.model_copy(update={"source": "calibrate"})
    origin = Recalibration(
        bundle=bundle.id,
        created_at=now(),
        sightline_version=__version__,
        dataset_digest=to_fit.digest(),
        images=len(parts.fit),
    )
    new_id = _write(bundle, target, Fitted(rule, report), evaluations, origin, section)
    read_bundle(target)
    return Recalibrated(target, new_id, rule, report, evaluations, parts.notices)


def require_one_variant(bundle: Bundle) -> None:
    """See that a bundle has one decision, which can be fitted anew.

    Raises:
        InputError: it has several variants.
    """
    if len(bundle.sealed.variants) > 1:
        raise InputError(
            f"'{bundle.manifest.name}' has {len(bundle.sealed.variants)} variants, each with a decision of its own. "
            "Calibrate the bundle that it was made from, then run `sightline optimize` on the result."
        )


def section_of(bundle: Bundle) -> DecisionSection:
    """What the bundle's recipe asks of the decision; nothing if it has none."""
    if "recipe.yaml" not in bundle.manifest.files:
        return DecisionSection()
    raw = parse_yaml(bundle.read("recipe.yaml").decode()) or {}
    return DecisionSection.model_validate(raw.get("decision", {}))


def _parts(dataset: Dataset, known: Mapping[str, str], name: str) -> _Parts:
    # What training has seen it has seen, whatever the data call it now.
    splits = [
        "train" if known.get(sample.sha256) == "train" else sample.split or known.get(sample.sha256)
        for sample in dataset.samples
    ]
    seen = splits.count("train")
    unseen = [row for row, split in enumerate(splits) if split != "train"]
    if not unseen:
        raise InputError(
            f"'{name}' was trained on all {seen} images of '{dataset.store.location}'. Calibrate on images that it has "
            "not seen."
        )
    named = [row for row in unseen if splits[row] == "calibration"]
    judge = [row for row in unseen if splits[row] == "test"]
    fit = named or [row for row in unseen if splits[row] != "test"]
    notices = []
    if seen:
        notices.append(f"{seen} images that training has seen were left out.")
    if not fit:
        fit, judge = judge, []
        notices.append(
            "Only images of the test split were left to fit on: the bundle's test figures say nothing of this decision."
        )
    of_val = sum(known.get(dataset.samples[row].sha256) == "val" for row in fit)
    split = "calibration" if named or not of_val else "val"
    return _Parts(fit, judge, split, of_val > 0, tuple(notices))


def _require_enough(to_fit: Dataset) -> None:
    """A bundle has a decision already; one from fewer images is more likely to be worse than to be better."""
    groups = groups_of(to_fit)
    independent = len(to_fit) if groups is None else len(set(groups))
    if independent < FEWEST_INDEPENDENT:
        things = "image" if independent == 1 else "images"
        raise InputError(
            f"'{to_fit.store.location}' has {independent} independent {things} to fit the decision on, and it takes "
            f"{FEWEST_INDEPENDENT}: images that training has not seen, without those of the test split. A group counts "
            "as one, and near copies do. Add images; the bundle stays as it is."
        )


def _write(
    bundle: Bundle,
    target: Path,
    fitted: Fitted,
    evaluations: Mapping[str, AnyEvaluation],
    origin: Recalibration,
    section: DecisionSection,
) -> str:
    old = bundle.manifest
    _, expected = read_golden(bundle)
    files = {name: bundle.read(name) for name in old.files}
    files[EXPECTED_FILE] = pack_golden(record_decisions(expected, fitted.rule, old.labels))
    # What the network has to beat is as it was: the graph is the same, and so is the test split of the bundle.
    texts = {name: one.model_dump_json(indent=1) for name, one in evaluations.items()} | _baselines(bundle)
    figures = ",\n".join(f'"{name}": {text}' for name, text in texts.items())
    files["evaluation.json"] = f"{{{figures}}}\n".encode()
    if "recipe.yaml" in files:
        raw = parse_yaml(files["recipe.yaml"].decode()) or {}
        raw["decision"] = section.model_dump(mode="json")
        files["recipe.yaml"] = yaml.safe_dump(raw, sort_keys=False, allow_unicode=True).encode()
    manifest = Manifest(
        **{
            **dict(old),
            "name": target.name,
            "decision": fitted.rule,
            "decision_report": fitted.report,
            "provenance": old.provenance.model_copy(update={"recalibration": origin}),
            "metrics": {
                **{name: headline(one) for name, one in evaluations.items()},
                **{name: one for name, one in old.metrics.items() if name.startswith(BASELINE)},
            },
            "files": list_files(files),
        }
    )
    return write_bundle(target, manifest, files)


def _baselines(bundle: Bundle) -> dict[str, str]:
    """The figures of the baselines in a bundle, as JSON by name."""
    if "evaluation.json" not in bundle.manifest.files:
        return {}
    found = json.loads(bundle.read("evaluation.json"))
    return {name: json.dumps(one, indent=1) for name, one in found.items() if name.startswith(BASELINE)}
