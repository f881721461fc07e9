import warnings

import numpy as np
import pytest
from sklearn import metrics

from sightline.errors import InputError
from sightline.evaluation import (
    Evaluation,
    MultilabelEvaluation,
    Sampling,
    evaluate,
    evaluate_multilabel,
    evaluate_scores,
    read_costs,
)
from sightline.evaluation.intervals import wilson_of_variance
from sightline.evaluation.ranking import rank_classes
from sightline.records import DecisionRule, Scores, Temperature

QUICK = Sampling(resamples=100)
SOFTMAX, SIGMOID = DecisionRule(calibration=Temperature(value=1.3)), DecisionRule(activation="sigmoid")


def scores_of(logits, targets):
    return Scores(
        logits.astype(np.float32),
        np.zeros((len(logits), 1), np.float32),
        np.asarray(targets),
        tuple(f"{row}.png" for row in range(len(logits))),
        tuple(f"class-{index}" for index in range(logits.shape[1])),
    )


def multiclass(rows=400, classes=7, seed=0, edge=1.5):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), targets] += edge
    return scores_of(logits, targets)


def multilabel(rows=300, labels=5, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, labels)) < 0.3
    return scores_of(rng.normal(size=(rows, labels)) + 1.5 * truth - 0.7, truth.astype(np.uint8))


@pytest.mark.parametrize("steps", [0, 2], ids=["all values differ", "many ties"])
def test_ranking_figures_are_those_of_scikit_learn(steps):
    scores = multiclass()
    if steps:
        scores = scores_of(np.round(scores.logits * steps) / steps, scores.targets)

    found = evaluate(scores, SOFTMAX, QUICK)

    probabilities = SOFTMAX.probabilities(scores.logits).astype(np.float32)
    hot = np.eye(7)[scores.targets]
    for index, one in enumerate(found.per_class):
        truth, values = hot[:, index], probabilities[:, index]
        assert one.average_precision == pytest.approx(
            metrics.average_precision_score(truth, values), abs=1e-6
        )
        assert one.roc_auc == pytest.approx(metrics.roc_auc_score(truth, values), abs=1e-6)
    assert found.map == pytest.approx(metrics.average_precision_score(hot, probabilities), abs=1e-6)
    assert found.roc_auc == pytest.approx(
        metrics.roc_auc_score(hot, probabilities, average="macro"), abs=1e-6
    )


def test_weighted_means_are_those_of_scikit_learn():
    scores = multiclass()

    found = evaluate(scores, SOFTMAX)

    expected = metrics.precision_recall_fscore_support(
        scores.targets, scores.logits.argmax(axis=1), average="weighted", zero_division=0
    )
    assert (found.weighted_precision, found.weighted_recall, found.weighted_f1) == pytest.approx(expected[:3])


def test_points_of_the_curve_lie_on_that_of_scikit_learn():
    scores = multiclass(rows=3000, classes=3)

    found = evaluate(scores, SOFTMAX, QUICK).per_class[1]

    precision, recall, threshold = metrics.precision_recall_curve(
        scores.targets == 1, SOFTMAX.probabilities(scores.logits)[:, 1]
    )
    assert len(found.curve) == 200
    assert found.curve[-1].recall == 1.0
    for point in found.curve:
        at = np.abs(recall[:-1] - point.recall).argmin()
        same = np.flatnonzero(recall[:-1] == recall[at])
        assert point.precision == pytest.approx(precision[same].max(), abs=1e-3)
        assert point.threshold == pytest.approx(threshold[same].max(), abs=1e-3)


def test_the_variance_of_an_area_is_that_of_delong():
    rng = np.random.default_rng(3)
    truth = rng.random(500) < 0.3
    values = rng.normal(size=500) + truth

    area = rank_classes(lambda _: (values, truth), 1, 500, Sampling()).roc_auc

    placed_own = [(values[~truth] < v).mean() for v in values[truth]]
    placed_other = [(values[truth] > v).mean() for v in values[~truth]]
    delong = np.var(placed_own, ddof=1) / truth.sum() + np.var(placed_other, ddof=1) / (~truth).sum()
    effective = area.value * (1 - area.value) / delong
    z2 = 1.959963984540054**2
    half = np.sqrt(z2 * (area.value * (1 - area.value) / effective + z2 / (4 * effective**2)))
    assert (area.high - area.low) / 2 == pytest.approx(half / (1 + z2 / effective), rel=0.01)


@pytest.mark.parametrize("steps", [0, 3], ids=["all values differ", "many ties"])
@pytest.mark.parametrize("figure", ["average_precision", "roc_auc"])
def test_a_variance_is_that_of_the_derivatives_by_the_weight_of_each_row(steps, figure):
    rng = np.random.default_rng(4)
    truth = rng.random(150) < 0.3
    values = rng.normal(size=150) + truth
    values = np.round(values * steps) / steps if steps else values
    measure = {"average_precision": metrics.average_precision_score, "roc_auc": metrics.roc_auc_score}[figure]

    (ranked,) = rank_classes(lambda _: (values, truth), 1, 150, Sampling()).classes

    def heavier(row):
        return np.where(np.arange(150) == row, 1 + 1e-6, 1.0)

    whole = measure(truth, values)
    slopes = [(measure(truth, values, sample_weight=heavier(row)) - whole) / 1e-6 for row in range(150)]
    expected = wilson_of_variance(whole, 150 / 149 * float(np.square(slopes).sum()), units=1)
    found = getattr(ranked, figure)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-5)


def test_the_interval_of_average_precision_agrees_with_the_bootstrap():
    rng = np.random.default_rng(1)
    truth = np.repeat(rng.random(150) < 0.3, 3)
    values = np.repeat(rng.normal(size=150), 3) + rng.normal(0, 0.3, 450) + truth
    groups = np.repeat(np.arange(150), 3)

    found = rank_classes(lambda _: (values, truth), 1, 450, Sampling.of_groups(groups)).map

    drawn = []
    for _ in range(400):
        rows = (rng.integers(0, 150, 150)[:, None] * 3 + np.arange(3)).ravel()
        drawn.append(metrics.average_precision_score(truth[rows], values[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert found.high - found.low == pytest.approx(high - low, rel=0.15)
    assert found.value == pytest.approx(metrics.average_precision_score(truth, values))


def test_class_wise_error_is_the_mean_over_bins_of_every_probability():
    scores = multiclass(rows=500, classes=20)

    found = evaluate(scores, SOFTMAX, QUICK)

    probabilities = SOFTMAX.probabilities(scores.logits)
    hot = np.eye(20)[scores.targets]
    for index in range(20):
        p, y = probabilities[:, index], hot[:, index]
        bins = np.ceil(p * 15)
        expected = sum(abs((p - y)[bins == one].sum()) for one in range(1, 16)) / 500
        assert found.per_class[index].calibration_error == pytest.approx(expected)
    mean = np.mean([one.calibration_error for one in found.per_class])
    assert found.classwise_calibration_error == pytest.approx(mean)
    assert found.intervals["classwise_calibration_error"].value == pytest.approx(mean)


def test_intervals_hold_the_truth_as_often_as_they_say():
    large = multiclass(rows=20_000, classes=4, seed=9)
    whole = evaluate(large, SOFTMAX, Sampling(resamples=2))
    names = ("top1_accuracy", "macro_f1", "map", "roc_auc", "negative_log_likelihood", "brier_score")
    held = dict.fromkeys(names, 0)
    for start in range(0, 20_000, 200):
        rows = slice(start, start + 200)
        found = evaluate(
            scores_of(large.logits[rows], large.targets[rows]), SOFTMAX, Sampling(resamples=200, seed=start)
        )
        for name in names:
            held[name] += found.intervals[name].contains(getattr(whole, name))

    assert all(88 <= count <= 100 for count in held.values()), held


def test_a_perfect_class_still_has_an_interval_of_some_width():
    scores = multiclass(edge=90.0)

    found = evaluate(scores, SOFTMAX, QUICK)
    grouped = evaluate(scores, SOFTMAX, Sampling.of_groups(np.arange(400) // 2, 100))

    assert found.macro_f1 == grouped.macro_f1 == 1.0
    for evaluation in (found, grouped):
        for estimate in (
            evaluation.intervals["macro_f1"],
            evaluation.intervals["map"],
            evaluation.per_class[0].intervals["recall"],
            evaluation.per_class[0].intervals["f1"],
        ):
            assert 0.5 < estimate.low < estimate.high == 1.0


def test_copies_of_every_picture_do_not_narrow_an_interval():
    scores = multiclass(rows=150)
    twice = scores_of(np.tile(scores.logits, (4, 1)), np.tile(scores.targets, 4))

    plain = evaluate(scores, SOFTMAX, Sampling(resamples=1000))
    copied = evaluate(twice, SOFTMAX, Sampling.of_groups(np.tile(np.arange(150), 4), 1000))

    assert copied.units == 150
    for name in ("macro_f1", "top1_accuracy", "map", "roc_auc", "brier_score"):
        one, other = plain.intervals[name], copied.intervals[name]
        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.1), name
    reliability = zip(plain.reliability, copied.reliability, strict=True)
    widths = [
        (one.interval.high - one.interval.low, other.interval.high - other.interval.low)
        for one, other in reliability
        if one.interval and other.interval
    ]
    assert np.mean([other for _, other in widths]) == pytest.approx(
        np.mean([one for one, _ in widths]), rel=0.2
    )


def test_figures_without_a_sample_have_no_interval_and_no_error():
    scores = scores_of(np.array([[3.0, 0, -9], [0, 3, -9], [2, 1, -9]]), [0, 1, 1])

    found = evaluate(scores, SOFTMAX, Sampling.of_groups(np.array([0, 0, 1]), 50))

    absent = found.per_class[2]
    assert (absent.average_precision, absent.roc_auc, absent.curve) == (None, None, ())
    assert absent.intervals == {}
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    "sampling", [QUICK, Sampling.of_groups(np.arange(300) // 3, 100)], ids=["alone", "groups"]
)
def test_multilabel_figures_in_depth_are_those_of_scikit_learn(sampling):
    scores = multilabel()

    found = evaluate_multilabel(scores, SIGMOID, sampling)

    claims = (scores.logits >= 0).astype(int)
    weighted = metrics.precision_recall_fscore_support(scores.targets, claims, average="weighted")
    assert (found.weighted_precision, found.weighted_recall, found.weighted_f1) == pytest.approx(weighted[:3])
    assert found.roc_auc == pytest.approx(
        metrics.roc_auc_score(scores.targets, scores.logits, average="macro")
    )
    assert found.intervals["map"].value == pytest.approx(found.map)
    for name in (
        "micro_f1",
        "macro_f1",
        "exact_match",
        "hamming_loss",
        "brier_score",
        "negative_log_likelihood",
    ):
        estimate = found.intervals[name]
        assert estimate.value == getattr(found, name)
        assert estimate.low < estimate.value < estimate.high
    for one in found.per_label:
        assert set(one.intervals) == {"precision", "recall", "f1", "average_precision", "roc_auc"}
        assert one.curve[-1].recall == 1.0
    assert MultilabelEvaluation.model_validate_json(found.model_dump_json()) == found


def test_the_bootstrap_of_multilabel_shares_is_the_plain_one():
    scores = multilabel(rows=120, labels=3)
    sampling = Sampling(resamples=300)

    found = evaluate_multilabel(scores, SIGMOID, sampling)

    claims = (scores.logits >= 0).astype(int)
    drawn = [
        metrics.f1_score(
            np.repeat(scores.targets, w.astype(int), axis=0),
            np.repeat(claims, w.astype(int), axis=0),
            average="macro",
        )
        for w in np.concatenate(list(sampling.weights(120)))
    ]
    estimate = found.intervals["macro_f1"]
    assert (estimate.low, estimate.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=1e-6)


def test_the_bootstrap_of_multiclass_shares_is_the_plain_one():
    scores = multiclass(rows=90, classes=3)
    groups = Sampling.of_groups(np.arange(90) // 3, 200)

    found = evaluate(scores, SOFTMAX, groups)

    predicted, drawn = scores.logits.argmax(axis=1), []
    for weights in np.concatenate(list(groups.weights(90))):
        rows = np.repeat(np.arange(90), groups.of_rows(weights).astype(int))
        drawn.append(metrics.f1_score(scores.targets[rows], predicted[rows], average="macro"))
    estimate = found.intervals["macro_f1"]
    assert (estimate.low, estimate.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]))


LABELS = ("crack", "good", "hole")


def test_costs_are_read_by_name_in_any_order(tmp_path):
    (tmp_path / "costs.csv").write_text(
        "\ufefftruth,good,hole,crack\n\nhole,1,0,0.5\ncrack,10,1,0\ngood,0,2,-1\n", encoding="utf-8"
    )

    costs = read_costs(tmp_path / "costs.csv", LABELS)

    assert costs.tolist() == [[0, 10, 1], [-1, 0, 2], [0.5, 1, 0]]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is empty"),
        ("truth,crack,good\ncrack,0,1\ngood,1,0\n", "no column for 'hole'; no row for 'hole'"),
        ("truth,crack,good,hole,dent\n", "column 'dent' is none of the labels"),
        (
            "truth,crack,good,hole\ncrack,0,1,x\ngood,1,0,nan\nhole,1,1,0\n",
            "row 'crack', column 'hole': 'x' is no number; row 'good', column '.*': 'nan' is no number",
        ),
        (
            "truth,crack,good,hole\ncrack,0,1\ngood,1,0,1\nhole,1,1,0\n",
            "row 'crack' has 2 costs for 3 columns",
        ),
        (
            "truth,crack,good,hole\ncrack,0,1,1\ncrack,0,1,1\ngood,1,0,1\nhole,1,1,0\n",
            "row 'crack' is there twice",
        ),
        (
            "truth,crack,good,hole\ncrack,0,1e308,1\ngood,1,0,1\nhole,1,1,0\n",
            "row 'crack', column 'good': 1e308 is beyond 1e[+]15; use a larger unit",
        ),
        (
            "truth,crack,good,hole\ncrack,a,b,c\ngood,d,e,f\nhole,1,1,0\n",
            "column 'good': 'e' is no number; and 1 more",
        ),
    ],
    ids=["empty", "missing", "unknown", "no number", "short row", "twice", "too large", "many"],
)
def test_mistakes_in_costs_are_listed(tmp_path, text, message):
    (tmp_path / "costs.csv").write_text(text)

    with pytest.raises(InputError, match=message):
        read_costs(tmp_path / "costs.csv", LABELS)


def test_the_mean_cost_weighs_every_cell_of_the_confusion():
    scores = multiclass(rows=200, classes=3)
    costs = np.array([[0, 5, 1], [1, 0, 1], [20, 1, -2.0]])

    found = evaluate_scores(scores, SOFTMAX, QUICK, costs)

    assert isinstance(found, Evaluation)
    confusion = metrics.confusion_matrix(scores.targets, scores.logits.argmax(axis=1))
    assert found.mean_cost == pytest.approx((confusion * costs).sum() / 200)
    assert found.intervals["mean_cost"].contains(found.mean_cost)


def test_costs_of_several_labels_a_picture_are_refused():
    with pytest.raises(InputError, match="Leave --cost out"):
        evaluate_scores(multilabel(), SIGMOID, QUICK, np.zeros((5, 5)))


def test_the_most_confused_pairs_come_first():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = scores_of(np.eye(3)[[1, 1, 1, 0, 2, 2, 2]], [0, 0, 1, 0, 1, 1, 2])
        found = evaluate(scores, SOFTMAX, QUICK).most_confused

    assert [(one.truth, one.answer, one.count) for one in found] == [
        ("class-0", "class-1", 2),
        ("class-1", "class-2", 2),
    ]
    assert found[0].share == pytest.approx(2 / 3)


@pytest.mark.parametrize("groups", [None, np.arange(60) // 3])
def test_one_quantity_has_one_interval_whatever_its_name(groups):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(60, 4)).astype(np.float32)
    # Nothing is of the last class, which is answered all the same.
    scores = scores_of(logits, rng.integers(0, 3, 60))

    found = evaluate_scores(scores, SOFTMAX, Sampling.of_groups(groups, 50))

    assert isinstance(found, Evaluation)
    for one, other in (("top1_accuracy", "weighted_recall"), ("balanced_accuracy", "macro_recall")):
        assert getattr(found, one) == getattr(found, other)
        assert found.intervals[one] == found.intervals[other]
    assert found.per_class[3].support == 0
    assert found.per_class[3].predicted > 0
    assert (found.per_class[3].recall, found.per_class[3].precision) == (None, 0.0)
