"""The story of an evaluation: from a bundle and images, or from scores on disk, to everything said about it."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset, Quarantined, ReadOptions, examine_dataset, read_dataset
from sightline.dataset.reading.read import Listener, is_table
from sightline.errors import InputError
from sightline.evaluation import read_scores
from sightline.evaluation.gates import Gate
from sightline.inference import Predictor, load
from sightline.lifecycle.judge import Judged, SplitChoice, evaluate_scored, judge, require_scores_of
from sightline.lifecycle.judgement import (
    Compared,
    Judgement,
    SetAside,
    assemble_judgement,
    bundles_of_gates,
    compare_with_bundle,
    require_comparable,
)
from sightline.lifecycle.remote import RemoteServer
from sightline.lifecycle.server_agreement import Agreement, compare_with_server, require_same_model
from sightline.lifecycle.verdict_counts import VerdictCounts, count_verdicts, subject_of
from sightline.lifecycle.views import View
from sightline.records import ScoredSet

_MOST_SET_ASIDE = 1000


@dataclass(frozen=True)
class Asked:
    """What is asked about a bundle.

    gates, costs_cc
        Conditions, see `read_gate`, and what answers cost, see `read_costs`.
    split, views
        As `judge` takes them.
    compare
        Another bundle, to be put beside this one.
    group_by, group_gap
        Which images show the same thing, as `ReadOptions` takes them.
    server
        A server whose answers are compared.
    """

    gates: tuple[Gate, ...] = ()
    costs_cc: NDArray[np.float64] | None = None
    split: SplitChoice | None = None
    views: tuple[View, ...] = ()
    compare: str | None = None
    group_by: str | None = None
    group_gap: int | None = None
    server: RemoteServer | None = None


@dataclass(frozen=True)
class Evaluated:
    """What was found, the scores it was found in, and what could not be scored.

    dataset
        The very images that were scored; None where the scores came from disk.
    """

    judgement: Judgement
    scored: ScoredSet
    dataset: Dataset | None = None
    quarantine: tuple[Quarantined, ...] = ()
    agreement: Agreement | None = None


def evaluate_on_data(predictor: Predictor, data: str, asked: Asked, listen: Listener) -> Evaluated:
    """Read the images, score them, and answer all that is asked.

    Raises:
        InputError: the images, the split, another bundle or the server cannot be used.
        DatasetError: no usable image, or a label that the bundle does not know.
    """
    if asked.views and asked.server is not None:
        raise InputError("--server compares single answers, and --tta averages several: give one of them.")
    if asked.server is not None:
        require_same_model(predictor, asked.server)
    others = _load_others(predictor, asked)
    dataset = _read(predictor, data, asked, listen)
    progress = listen("Scoring")
    judged = judge(predictor, dataset, asked.split, progress, views=asked.views, costs_cc=asked.costs_cc)
    compared = _compare(predictor, judged, others, asked, listen)
    agreement = None
    if asked.server is not None:
        agreement = compare_with_server(judged, predictor, asked.server, listen("Asking the server"))
    judgement = assemble_judgement(
        judged.scored, predictor.bundle.manifest, judged.evaluation, asked.gates, compared, asked.compare
    )
    aside = judged.dataset.quarantine
    judgement = judgement.model_copy(
        update={
            "verdicts": _verdicts(predictor, judged.scored),
            "quarantined_count": len(aside),
            "quarantined": tuple(SetAside(**asdict(one)) for one in aside[:_MOST_SET_ASIDE]),
        }
    )
    return Evaluated(judgement, judged.scored, judged.dataset, aside, agreement)


def evaluate_on_record(predictor: Predictor, path: Path, asked: Asked) -> Evaluated:
    """Take everything from scores on disk; no image is opened and no graph run.

    Raises:
        InputError: something is asked that needs the images, or the scores cannot be used.
    """
    needs_images = {
        "--split": asked.split,
        "--compare": asked.compare,
        "--group-by": asked.group_by,
        "--group-gap": asked.group_gap,
        "--server": asked.server,
        "--tta": asked.views or None,
        "a gate against a bundle": bundles_of_gates(asked.gates) or None,
    }
    unusable = [name for name, value in needs_images.items() if value is not None]
    if unusable:
        raise InputError(
            f"With --scores no image is opened: {', '.join(unusable)} cannot be had. Give DATA instead."
        )
    scored = read_scores(path)
    manifest = predictor.bundle.manifest
    try:
        require_scores_of(scored, manifest)
    except InputError as err:
        raise InputError(f"'{path}' cannot be used. {err}") from err
    evaluation = evaluate_scored(scored, manifest, asked.costs_cc)
    judgement = assemble_judgement(scored, manifest, evaluation, asked.gates)
    verdicts = _verdicts(predictor, scored)
    return Evaluated(judgement.model_copy(update={"verdicts": verdicts}), scored)


def _verdicts(predictor: Predictor, scored: ScoredSet) -> VerdictCounts | None:
    """None of scores averaged over views: the service answers from one, so these would not be its verdicts."""
    return None if scored.origin.views else count_verdicts(subject_of(predictor, scored))


def _load_others(predictor: Predictor, asked: Asked) -> dict[str, Predictor]:
    """The bundles to compare with, seen to have the same labels and task before any image is opened."""
    names = [*([asked.compare] if asked.compare is not None else []), *bundles_of_gates(asked.gates)]
    others = {name: load(name) for name in dict.fromkeys(names)}
    for other in others.values():
        require_comparable(predictor.bundle.manifest, other.bundle.manifest)
    return others


def _read(predictor: Predictor, data: str, asked: Asked, listen: Listener) -> Dataset:
    """With near copies sought, since they are no independent evidence; a table knows its own."""
    limits = predictor.bundle.manifest.preprocessing.limits
    if is_table(data):
        progress = listen("Reading the table")
        return read_dataset(
            data, limits=limits, group_by=asked.group_by, group_gap=asked.group_gap, progress=progress
        )
    options = ReadOptions(limits=limits, group_by=asked.group_by, group_gap=asked.group_gap, remember=True)
    return examine_dataset(data, options, listen).dataset


def _compare(
    predictor: Predictor, judged: Judged, others: dict[str, Predictor], asked: Asked, listen: Listener
) -> dict[str, Compared]:
    return {
        name: compare_with_bundle(
            judged.scored,
            predictor.bundle.manifest,
            judged.dataset,
            other,
            listen(f"Scoring {other.bundle.manifest.name}"),
            views=asked.views,
        )
        for name, other in others.items()
    }
