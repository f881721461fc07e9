"""Whether decisions keep what they promise: python -m benchmarks.decision SCORES… [--recall 0.9] [--review 0.1].

Each file of scores (`scores.npz`, as `sightline.evaluation.score_file` writes it) is parted in two halves again and
again, groups kept whole. One half is fitted on, with a recall aim for every label and a share that may be reviewed;
the other half, unseen, is decided. Counted is how often what was promised or predicted came true. Scores must be of
pictures that training has not seen; where they chose the epoch, the network is the same in both halves and the
comparison fair, but the accuracy itself flatters.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from sightline.evaluation.calibrating import calibration_errors, deal_folds, rows_of
from sightline.evaluation.operating import Fitted, Wishes, fit_decision, predicted_share, read_aim
from sightline.evaluation.score_file import read_scores
from sightline.records import ACCEPT, DecisionRule, Estimate, OperatingReport, Scores, activation_of

_RESAMPLES = 1000


@dataclass
class Tally:
    """How often something came true."""

    held: list[bool] = field(default_factory=list)

    def count(self, value: bool) -> None:
        self.held.append(bool(value))

    def __str__(self) -> str:
        return f"{np.mean(self.held):.3f} ({sum(self.held)} of {len(self.held)})" if self.held else "–"


@dataclass
class Counted:
    """What is counted over the partitions of one file."""

    promised: Tally = field(default_factory=Tally)
    true_recall: Tally = field(default_factory=Tally)
    recall_predicted: Tally = field(default_factory=Tally)
    accuracy_predicted: Tally = field(default_factory=Tally)
    share_predicted: Tally = field(default_factory=Tally)
    covered: list[float] = field(default_factory=list)
    accuracy: list[tuple[float, float]] = field(default_factory=list)
    error: list[tuple[float, float]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    first_errors: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scores", nargs="+", type=Path)
    parser.add_argument("--recall", type=float, default=0.9)
    parser.add_argument("--review", type=float, default=0.1)
    parser.add_argument("--coverage", type=float, default=0.95)
    parser.add_argument("--partitions", type=int, default=20)
    wanted = parser.parse_args()
    for path in wanted.scores:
        scored = read_scores(path)
        groups = np.arange(len(scored.scores.ids)) if scored.groups is None else scored.groups
        print(f"\n{path.name}: {len(groups)} pictures in {len(np.unique(groups))} groups, "
              f"split {scored.origin.split}, {scored.origin.seen_in_training} seen in training")  # fmt: skip
        counted = Counted()
        for seed in range(wanted.partitions):
            _part(scored.scores, groups, seed, wanted, counted)
        _print(counted, wanted)
    print(describe_machine())


def _part(
    scores: Scores, groups: NDArray[np.int64], seed: int, wanted: argparse.Namespace, counted: Counted
) -> None:
    numbers = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    half = deal_folds(scores, numbers, 2, seed) == 0
    fit, unseen = rows_of(scores, half), rows_of(scores, ~half)
    single = scores.task == "multiclass"
    wishes = Wishes(
        aims=(read_aim(f"recall(*) >= {wanted.recall}"),),
        review_capacity=wanted.review,
        traffic=1.0,
        sets="lac" if single else None,
        coverage=wanted.coverage,
    )
    # A file without groups says so by numbering every picture.
    known = None if len(np.unique(groups)) == len(groups) else [str(number) for number in numbers[half]]
    fitted = fit_decision(fit, wishes, groups=known)
    assert fitted.report.operating is not None
    _count(fitted, fitted.report.operating, unseen, numbers[~half], wanted.recall, counted)
    counted.kinds.append(fitted.rule.calibration.kind)
    counted.error.append(_errors(fitted.rule, unseen))
    if seed == 0:
        plain = DecisionRule(activation=activation_of(scores.task))
        counted.first_errors = [_with_interval(rule, unseen, numbers[~half]) for rule in (plain, fitted.rule)]


def _count(
    fitted: Fitted,
    report: OperatingReport,
    unseen: Scores,
    groups: NDArray[np.int64],
    recall: float,
    counted: Counted,
) -> None:
    probabilities = fitted.rule.probabilities(unseen.logits)
    decided = fitted.rule.decide_rows(probabilities)
    accepted = decided.verdicts == ACCEPT
    if unseen.task == "multiclass":
        truth = unseen.classes[:, None] == np.arange(len(unseen.labels))
        right = decided.labels == unseen.classes
        if fitted.rule.sets is not None:
            members = fitted.rule.sets.members(probabilities)
            counted.covered.append(float(members[truth].mean()))
        counted.accuracy.append((_accuracy(DecisionRule(), unseen), float(right.mean())))
    else:
        truth = unseen.multi_hot == 1
        right = (decided.present == truth).all(axis=1)
    _inside(report.accepted, accepted, groups, counted.share_predicted)
    _inside(report.accepted_accuracy, right[accepted], groups[accepted], counted.accuracy_predicted)
    found = decided.present | (~accepted[:, None] if unseen.task == "multilabel" else False)
    for aim in report.aims:
        index = unseen.labels.index(str(aim.label))
        own = truth[:, index]
        if not own.any():
            continue
        if aim.promised:
            counted.promised.count(found[own, index].mean() >= recall)
            chance = predicted_share(found[own, index], groups[own])
            counted.true_recall.count(chance is not None and chance.high >= recall)
        _inside(aim.recall, found[own, index], groups[own], counted.recall_predicted)


def _inside(
    predicted: Estimate | None, seen: NDArray[np.bool_], groups: NDArray[np.int64], tally: Tally
) -> None:
    """Whether what is seen lies in the interval of the report; it was made for as many pictures as were fitted on."""
    if predicted is not None and len(seen):
        tally.count(predicted.low - 1e-12 <= float(seen.mean()) <= predicted.high + 1e-12)


def _accuracy(rule: DecisionRule, scores: Scores) -> float:
    return float((rule.decide_rows(rule.probabilities(scores.logits)).labels == scores.classes).mean())


def _errors(rule: DecisionRule, scores: Scores) -> tuple[float, float]:
    plain = DecisionRule(activation=activation_of(scores.task))
    before, after = (
        calibration_errors(one.probabilities(scores.logits), scores.targets).expected for one in (plain, rule)
    )
    return before, after


def _with_interval(rule: DecisionRule, scores: Scores, groups: NDArray[np.int64]) -> str:
    """The calibration error with its interval by a basic bootstrap over groups (Davison and Hinkley 1997, 5.2)."""
    probabilities = rule.probabilities(scores.logits)
    names, members = np.unique(groups, return_inverse=True)
    rows_of_group = [np.flatnonzero(members == number) for number in range(len(names))]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([rows_of_group[one] for one in rng.integers(0, len(names), len(names))])
        drawn.append(calibration_errors(probabilities[rows], scores.targets[rows]).expected)
    value = calibration_errors(probabilities, scores.targets).expected
    low, high = 2 * value - np.quantile(drawn, [0.975, 0.025])
    return f"{value:.4f} ({max(low, 0.0):.4f} to {max(high, 0.0):.4f})"


def _print(counted: Counted, wanted: argparse.Namespace) -> None:
    before, after = np.array(counted.error).T
    lines = {
        f"recall >= {wanted.recall:g} promised: seen on the unseen half": counted.promised,
        "… and not contradicted by it (95 %)": counted.true_recall,
        "recall in its predicted interval (0.95)": counted.recall_predicted,
        "accepted share in its predicted interval (0.95)": counted.share_predicted,
        "accepted part's accuracy in its predicted interval (0.95)": counted.accuracy_predicted,
        "sets hold the truth": f"{np.mean(counted.covered):.4f} (stated {wanted.coverage:g})"
        if counted.covered
        else "–",
        "calibration": ", ".join(
            f"{kind} {counted.kinds.count(kind)}" for kind in sorted(set(counted.kinds))
        ),
        "calibration error before": f"{before.mean():.4f} ({before.min():.4f} to {before.max():.4f})",
        "calibration error after": f"{after.mean():.4f} ({after.min():.4f} to {after.max():.4f})",
    }
    lines["… of the first partition, before and after, 95 %"] = ", ".join(counted.first_errors)
    if counted.accuracy:
        plain, ruled = np.array(counted.accuracy).mean(axis=0)
        lines["accuracy of the most probable, of the rule"] = f"{plain:.4f}, {ruled:.4f}"
    for name, value in lines.items():
        print(f"  {name:60} {value}")


if __name__ == "__main__":
    main()
