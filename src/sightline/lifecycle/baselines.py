"""What a network has to beat: the most common answer, and a linear probe on the backbone as it came."""

from collections.abc import Mapping

import numpy as np

from sightline.dataset import Dataset
from sightline.evaluation import AnyEvaluation, MultilabelEvaluation, evaluate_scores
from sightline.records import DecisionRule, Scores, Task, activation_of
from sightline.training import Recipe, Trained, score_probe

MAJORITY, PROBE = "majority", "linear_probe"
_NAMES = {MAJORITY: "the majority class", PROBE: "the linear probe on the pretrained backbone"}


def measure_baselines(
    recipe: Recipe, trained: Trained, train: Dataset, judged: Dataset
) -> dict[str, AnyEvaluation]:
    """Every baseline's figures on the images that the network is judged on.

    `linear_probe` is left out where there is none, and where it is the network itself.
    """
    rule = DecisionRule(activation=activation_of(recipe.task))
    found = {MAJORITY: evaluate_scores(majority_scores(train, judged, recipe.task), rule)}
    if trained.probe is not None and (trained.best_epoch > 0 or recipe.model.head != "linear"):
        found[PROBE] = evaluate_scores(score_probe(recipe, trained.probe, judged), rule)
    return found


def majority_scores(train: Dataset, judged: Dataset, task: Task) -> Scores:
    """The frequencies of the training images as the answer to every image, as logits."""
    hot = train.multi_hot()
    shares = (hot.sum(axis=0) + 0.5) / (len(hot) + 1)
    logits = np.log(shares) if task == "multiclass" else np.log(shares / (1 - shares))
    targets = judged.targets(train.labels) if task == "multiclass" else judged.multi_hot(train.labels)
    return Scores(
        np.tile(logits.astype(np.float32), (len(judged), 1)),
        np.zeros((len(judged), 1), np.float32),
        targets,
        tuple(sample.path for sample in judged.samples),
        tuple(train.labels),
    )


def not_beaten(network: AnyEvaluation, baselines: Mapping[str, AnyEvaluation]) -> tuple[str, ...]:
    """A sentence for each baseline that is as good as the network or better: by macro-F1, or by mAP."""
    figure = "mAP" if isinstance(network, MultilabelEvaluation) else "macro-F1"
    own = _judged(network)
    return tuple(
        f"The network does not beat {_NAMES[name]}: {figure} {own:.3f} against {_judged(one):.3f} on the same "
        "images. Look at the labels and the curves before you ship it, or ship the simpler model."
        for name, one in baselines.items()
        if _judged(one) >= own
    )


def _judged(evaluation: AnyEvaluation) -> float:
    if isinstance(evaluation, MultilabelEvaluation):
        return evaluation.map or 0.0
    return evaluation.macro_f1
