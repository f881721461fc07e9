"""Judging a bundle on labelled images: which images, their scores, and every figure."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle, Manifest
from sightline.dataset import Dataset
from sightline.errors import InputError
from sightline.evaluation import AnyEvaluation, Sampling, evaluate_scores
from sightline.inference import Predictor
from sightline.lifecycle.picture_columns import picture_columns, picture_groups
from sightline.lifecycle.score import score_dataset
from sightline.lifecycle.views import View
from sightline.parallel import Progress
from sightline.records import ScoredSet, Scores, ScoresOrigin

SplitChoice = Literal["train", "val", "calibration", "test", "all"]


@dataclass(frozen=True)
class Judged:
    """Figures of a bundle on some images.

    scored
        The scores that all figures come from, and what is known of the images beside them.
    split
        Which part of the data was taken.
    seen_in_training
        How many of the images (by content) the bundle was trained on. More than 0 flatters the figures.
    """

    evaluation: AnyEvaluation
    scored: ScoredSet
    dataset: Dataset
    split: SplitChoice
    seen_in_training: int

    @property
    def scores(self) -> Scores:
        """The scores alone."""
        return self.scored.scores


def judge(
    predictor: Predictor,
    dataset: Dataset,
    split: SplitChoice | None = None,
    progress: Progress | None = None,
    *,
    views: Sequence[View] = (),
    costs_cc: NDArray[np.float64] | None = None,
) -> Judged:
    """Score labelled images and take every figure, with intervals.

    split
        A split of the data, or of the bundle's own record of it: an image that went into the bundle's test
        split is known by its content. None: `test` if there is any of it, else everything.
    views
        Test-time augmentation: the answer is the mean over these views as well. A server does not do this.
    costs_cc
        What answers cost, see `read_costs`.

    Raises:
        InputError: the split has no image, or costs for a multilabel bundle.
        DatasetError: a label that the bundle does not know.
    """
    scored, part = score_bundle(predictor, dataset, split, progress, views=views)
    evaluation = evaluate_scored(scored, predictor.bundle.manifest, costs_cc)
    chosen: dict[str, SplitChoice] = {name: name for name in _SPLITS}
    return Judged(evaluation, scored, part, chosen[scored.origin.split], scored.origin.seen_in_training)


_SPLITS: tuple[SplitChoice, ...] = ("train", "val", "calibration", "test", "all")


def score_bundle(
    predictor: Predictor,
    dataset: Dataset,
    split: SplitChoice | None = None,
    progress: Progress | None = None,
    *,
    views: Sequence[View] = (),
) -> tuple[ScoredSet, Dataset]:
    """Run the graph over a part of a data set; return the scores and that part. See `judge`."""
    bundle = predictor.bundle
    manifest = bundle.manifest
    record = _record(bundle)
    known = {row["sha256"]: row["split"] for row in record}
    chosen, part = _choose(dataset, split, known)
    scores = score_dataset(
        predictor.engine,
        part,
        manifest.preprocessing,
        manifest.labels,
        progress,
        task=manifest.task,
        views=views,
    )
    origin = ScoresOrigin(
        bundle_id=bundle.id,
        graph_sha256=graph_sha256(manifest),
        split=chosen,
        seen_in_training=sum(known.get(sha256) == "train" for sha256 in part.table["sha256"].to_pylist()),
        views=tuple(views),
        variant=manifest.default_variant,
    )
    groups = {row["sha256"]: row["group"] for row in record if row.get("group")}
    return ScoredSet(scores, origin, picture_groups(part, groups), picture_columns(part)), part


def evaluate_scored(
    scored: ScoredSet, manifest: Manifest, costs_cc: NDArray[np.float64] | None = None
) -> AnyEvaluation:
    """Every figure, with intervals, from scores of the bundle's graph under its present decision.

    Raises:
        InputError: see `require_scores_of`.
        DatasetError: there is no row, or a logit is NaN or infinite.
    """
    require_scores_of(scored, manifest)
    return evaluate_scores(scored.scores, manifest.decision, sampling_of(scored), costs_cc)


def require_scores_of(scored: ScoredSet, manifest: Manifest) -> None:
    """See that scores can be those of a bundle's graph.

    Raises:
        InputError: they are of another variant, another graph, other labels, another task or another width.
    """
    scores, anew = scored.scores, "Score it anew: sightline evaluate BUNDLE DATA --out FOLDER."
    if scores.labels != manifest.labels or scores.task != manifest.task:
        raise InputError(
            f"The scores are {scores.task} with the labels {', '.join(scores.labels[:10])}; bundle "
            f"'{manifest.name}' is {manifest.task} with {', '.join(manifest.labels[:10])}. {anew}"
        )
    variant = scored.origin.variant
    if variant is not None and variant != manifest.default_variant:
        remedy = f"Give --variant {variant}, or score it anew." if variant in manifest.variants else anew
        raise InputError(
            f"The scores are those of variant '{variant}'; of bundle '{manifest.name}' variant "
            f"'{manifest.default_variant}' is asked. {remedy}"
        )
    if scored.origin.graph_sha256 != graph_sha256(manifest):
        raise InputError(f"The scores come from another graph than that of bundle '{manifest.name}'. {anew}")
    width, own = scores.embeddings.shape[1], manifest.graph.embedding_size
    if len(scores.ids) and width != own:
        raise InputError(
            f"The embeddings are {width} numbers wide, those of bundle '{manifest.name}' are {own}. {anew}"
        )


def sampling_of(scored: ScoredSet) -> Sampling:
    """What counts as one independent observation."""
    return Sampling.of_groups(scored.groups)


def sampling_for(dataset: Dataset) -> Sampling:
    """The same, by what a data set knows itself."""
    return Sampling.of_groups(picture_groups(dataset, {}))


def graph_sha256(manifest: Manifest) -> str:
    """The digest of the graph that answers."""
    return manifest.files[manifest.variants[manifest.default_variant].file].sha256


def known_splits(bundle: Bundle) -> dict[str, str]:
    """Return the split of every image that the bundle was made from, by the SHA-256 of its file."""
    return {row["sha256"]: row["split"] for row in _record(bundle)}


def _record(bundle: Bundle) -> list[dict[str, str]]:
    """The rows of the bundle's own table of images; none where it has no table."""
    if "dataset.csv" not in bundle.manifest.files:
        return []
    return list(csv.DictReader(io.StringIO(bundle.read("dataset.csv").decode())))


def _choose(
    dataset: Dataset, split: SplitChoice | None, known: dict[str, str]
) -> tuple[SplitChoice, Dataset]:
    if split == "all":
        return "all", dataset
    wanted = split or "test"
    chosen = [row for row, s in enumerate(dataset.samples) if (s.split or known.get(s.sha256)) == wanted]
    if chosen:
        return wanted, dataset.take(chosen)
    if split is None:
        return "all", dataset
    raise InputError(
        f"'{dataset.store.location}' has no image of the split '{split}'. Use --split all for everything."
    )
