import pytest

from reported import QUICK, noisy_labels, noisy_scores
from sightline.evaluation import evaluate_scores
from sightline.evaluation.gates import judge_gates, read_gate
from sightline.records import DecisionRule, Scores, ScoresOrigin
from sightline.report import Evidence, Verdict, verdict

ORIGIN = ScoresOrigin(bundle_id="b", graph_sha256="0", split="test")
LABELS = ("crack", "good", "hole")
SCORES = noisy_scores(LABELS, 300)


def judged(scores: Scores = SCORES, *gates: str, seen: int = 0, **baselines: float) -> Verdict:
    evaluation = evaluate_scores(scores, DecisionRule(), QUICK)
    results = judge_gates([read_gate(gate) for gate in gates], evaluation, "multiclass", {})
    metrics = {name.replace("_", " "): {"macro_f1": value} for name, value in baselines.items()}
    origin = ORIGIN.model_copy(update={"seen_in_training": seen})
    return verdict(Evidence(evaluation, origin, metrics, results, None))


def test_a_failed_gate_says_do_not_ship() -> None:
    found = judged(SCORES, "macro_f1>=0.999", "accuracy>=0.1")

    assert (found.level, found.headline) == ("error", "Do not ship: 1 of 2 gates fails.")


def test_gates_that_surely_pass_say_ship_it() -> None:
    assert judged(SCORES, "macro_f1>=0.1").headline == "Ship it: its gate passes."


def test_a_gate_that_passes_within_its_interval_is_no_plain_yes() -> None:
    accuracy = evaluate_scores(SCORES, DecisionRule(), QUICK).intervals["top1_accuracy"]
    limit = (accuracy.low + accuracy.value) / 2

    found = judged(SCORES, f"accuracy>={limit:.4f}")

    assert found.level == "warning"
    assert "within the doubt of the interval" in found.headline


def test_trained_pictures_speak_louder_than_gates_that_pass() -> None:
    assert judged(SCORES, "macro_f1>=0.1", seen=1).headline == "No fair test: 1 picture was trained on."


@pytest.mark.parametrize(
    "baseline, level, words",
    [
        pytest.param(0.2, "good", "Better than the linear probe", id="far below"),
        pytest.param(0.0, "warning", "Not shown to be better", id="within the interval"),
        pytest.param(0.999, "error", "Worse than the linear probe", id="above"),
    ],
)
def test_without_gates_the_best_baseline_decides(baseline: float, level: str, words: str) -> None:
    own = evaluate_scores(SCORES, DecisionRule(), QUICK).intervals["macro_f1"]
    against = baseline or own.low - 0.001  # just below the interval: a baseline has an interval of its own

    found = judged(SCORES, linear_probe=against, the_majority=0.1)

    assert found.level == level
    assert found.headline.startswith(words)


def test_without_gates_and_baselines_nothing_is_claimed() -> None:
    assert judged().headline == "No gate was given and no baseline is known: judge by the figures."


def test_baselines_of_other_pictures_are_not_called_unknown() -> None:
    evaluation = evaluate_scores(SCORES, DecisionRule(), QUICK)

    found = verdict(Evidence(evaluation, ORIGIN, {}, (), None, baselines_elsewhere=True))

    assert found.headline == (
        "No gate was given and the baselines were not measured on these very pictures: judge by the figures."
    )


def test_no_mistake_is_not_called_perfect() -> None:
    found = judged(noisy_scores(LABELS, 60, sharpness=30.0))

    assert found.sentence.startswith("100% of 60 pictures are answered right (95% interval 9")
    assert "Not one is wrong, but so few pictures cannot rule out 6" in found.sentence


def test_the_label_with_most_mistakes_is_named() -> None:
    scores = noisy_labels(LABELS, 200)
    evaluation = evaluate_scores(scores, DecisionRule(activation="sigmoid"), QUICK)

    found = verdict(Evidence(evaluation, ORIGIN, {}, (), None))

    assert "Most mistakes are about '" in found.sentence
