"""The choice among scores, on outputs that were made so that the right choice is known."""

import numpy as np
import pytest

from sightline.inference import OutlierScorer
from sightline.lifecycle.strangers import (
    CANDIDATES,
    HeldOut,
    Wanted,
    caveats,
    choose_rule,
    fit_reference,
    fit_scorers,
)
from sightline.lifecycle.strangers.choose import best_of
from sightline.records import OutlierFigures, Scores

D, C = 16, 2


def usual(count, seed):
    """Two classes along two axes; the logits are sure of them."""
    rng = np.random.default_rng(seed)
    targets = np.arange(count) % C
    embeddings = np.abs(4 * np.eye(C, D)[targets] + 0.3 * rng.normal(size=(count, D)))
    logits = 8 * np.eye(C)[targets] - 4 + rng.normal(size=(count, C))
    return Scores(
        logits.astype(np.float32),
        embeddings.astype(np.float32),
        targets,
        tuple(f"{row}.png" for row in range(count)),
        ("a", "b"),
    )


def strange(kind, count=40, seed=9):
    """`far`: elsewhere to the network, which is sure all the same; `unsure`: where classes are, but undecided."""
    rng = np.random.default_rng(seed)
    like = usual(count, seed)
    if kind == "far":
        return like.logits, np.abs(4 * np.eye(1, D, 9) + 0.3 * rng.normal(size=(count, D))).astype(np.float32)
    return (0.1 * rng.normal(size=(count, C)) - 4).astype(np.float32), like.embeddings


@pytest.fixture(scope="module")
def reference():
    train = usual(300, 0)
    return fit_reference(train, [f"{row:064x}" for row in range(300)])


def held_out(count=200, groups=None):
    return HeldOut(usual(count, 1), groups or count, "calibration")


def chosen(reference, outliers, method="auto", held=None):
    return choose_rule(Wanted(method, 0.01, 5), reference, held or held_out(), outliers)


def test_a_network_that_is_sure_of_strangers_is_judged_by_its_embeddings(reference):
    rule, choice = chosen(reference, {"plasma": strange("far")})

    assert rule.kind == choice.chosen == "mahalanobis"
    figures = {one.kind: one for one in choice.figures}
    assert figures["mahalanobis"].mean_auroc == 1
    assert figures["energy"].mean_auroc < 0.7
    assert "'mahalanobis' separates best: mean AUROC 1.000" in choice.reason


def test_a_network_that_is_unsure_of_strangers_is_judged_by_its_logits(reference):
    rule, _ = chosen(reference, {"blended": strange("unsure")})

    assert rule.kind == "max_softmax"


def test_both_kinds_of_stranger_need_the_mix(reference):
    rule, choice = chosen(reference, {"plasma": strange("far"), "blended": strange("unsure")})

    assert rule.kind == "mix"
    assert [part.kind for part in rule.parts] == ["energy", "mahalanobis", "knn"]
    assert next(one for one in choice.figures if one.kind == "mix").mean_auroc > 0.95


def figures(kind, mean_auroc, empty_accepted=0):
    return OutlierFigures(
        kind=kind, mean_auroc=mean_auroc, threshold=1, empty_accepted=empty_accepted, auroc={}, accepted={}
    )


@pytest.mark.parametrize(
    "rows, best",
    [
        ((figures("energy", 0.90), figures("knn", 0.95)), "knn"),
        ((figures("energy", 0.90), figures("knn", 0.95, empty_accepted=1)), "energy"),
        ((figures("energy", 0.9501), figures("knn", 0.9504)), "energy"),
        ((figures("energy", 0.60, 9), figures("knn", 0.95, 7)), "knn"),
    ],
    ids=["highest", "noise-passes", "equal", "noise-passes-both"],
)
def test_noise_that_passes_counts_before_everything_else_and_of_equals_the_cheaper_wins(rows, best):
    assert best_of(rows).kind == best


def test_noise_and_blanks_that_pass_are_counted(reference):
    _, choice = chosen(reference, {"blank": strange("far"), "mosaic": strange("far", seed=3)})

    energy = next(one for one in choice.figures if one.kind == "energy")
    assert energy.empty_accepted == energy.accepted["blank"] > 0


@pytest.mark.parametrize("method", CANDIDATES)
def test_a_named_score_is_taken_and_the_best_is_named(reference, method):
    rule, choice = chosen(reference, {"plasma": strange("far")}, method)

    assert rule.kind == choice.chosen == method
    assert "the best is 'mahalanobis'" in choice.reason


def test_none_rejects_nothing(reference):
    rule, choice = chosen(reference, {"plasma": strange("far")}, "none")

    assert rule is None
    assert choice.chosen is None
    assert caveats(choice) == ()


def test_the_threshold_lets_all_but_the_promised_share_of_the_held_out_pass(reference):
    held = held_out(299)

    for kind, scorer in fit_scorers(Wanted("auto", 0.05, 5), reference, held).items():
        above = scorer.scores(held.scores.logits, held.scores.embeddings) > scorer.rule.threshold
        assert above.sum() == 14, kind  # 15 of 300 gaps
        assert scorer.rule.promised_rate == 0.05


def test_fresh_pictures_of_the_usual_kind_are_seldom_rejected(reference):
    fresh = usual(4_000, 77)

    for scorer in fit_scorers(Wanted("auto", 0.02, 5), reference, held_out(999)).values():
        rate = (scorer.scores(fresh.logits, fresh.embeddings) > scorer.rule.threshold).mean()
        assert 0.008 < rate < 0.036


def test_what_was_fitted_is_what_a_bundle_scores_with(reference):
    rule, choice = chosen(reference, {"plasma": strange("far")})

    scores = OutlierScorer(rule, reference).scores(*strange("far"))

    assert (scores <= rule.threshold).sum() == next(
        one for one in choice.figures if one.kind == rule.kind
    ).accepted["plasma"]


def test_too_few_pictures_for_the_rate_are_told(reference):
    rule, choice = chosen(reference, {"plasma": strange("far")}, held=held_out(40))

    (note,) = caveats(choice)
    assert "40 held-out pictures are too few to promise a false-alarm rate of 0.01" in note
    assert "they promise 0.0244. It takes 99" in note
    assert rule.promised_rate == pytest.approx(1 / 41)


def test_many_shots_of_few_things_are_told(reference):
    _, choice = chosen(reference, {"plasma": strange("far")}, held=held_out(200, groups=12))

    assert any("200 held-out pictures show only 12 things" in note for note in caveats(choice))


def test_a_threshold_from_val_is_told(reference):
    held = HeldOut(usual(200, 1), 200, "val")

    _, choice = chosen(reference, {"plasma": strange("far")}, held=held)

    assert any("fitted on val, which also chose the epoch" in note for note in caveats(choice))


def test_blank_pictures_that_pass_are_told(reference):
    _, choice = chosen(reference, {"blank": (usual(40, 5).logits, usual(40, 5).embeddings)})

    assert any("40 noise and blank pictures would not be rejected" in note for note in caveats(choice))
