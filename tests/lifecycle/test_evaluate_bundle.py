import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from bundles import LABELS, make_bundle, with_second_variant
from pictures import encode
from sightline.cli.evaluation import print_judgement
from sightline.cli.main import app
from sightline.dataset import read_dataset
from sightline.errors import InputError
from sightline.evaluation import Evaluation, read_scores
from sightline.evaluation.gates import read_gate
from sightline.inference import load
from sightline.lifecycle import judge
from sightline.lifecycle.evaluate_bundle import Asked, evaluate_on_data, evaluate_on_record
from sightline.lifecycle.evaluation_folder import write_evaluation
from sightline.lifecycle.evaluation_report import draw_evaluation_report
from sightline.lifecycle.judge import evaluate_scored, require_scores_of
from sightline.lifecycle.judgement import Judgement, compare_with_bundle
from sightline.records import DecisionRule, Temperature


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (40 + seed % 7, 60, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """24 pictures in a table: pieces of two pictures each, a column of the camera."""
    root = tmp_path_factory.mktemp("data") / "pictures"
    root.mkdir()
    rows = ["file_name,label,group,camera"]
    for index in range(24):
        (root / f"{index:02}.png").write_bytes(encode(noise(index)))
        rows.append(
            f"{index:02}.png,{LABELS[index % 3]},piece {index // 2},{'left' if index < 12 else 'right'}"
        )
    (root / "metadata.csv").write_text("\n".join(rows))
    return root


def silent(_title):
    return None


def test_scores_on_disk_give_the_same_judgement_as_the_images(bundle, pictures, tmp_path):
    predictor = load(bundle)
    asked = Asked(gates=(read_gate("accuracy>=0"),))
    found = evaluate_on_data(predictor, str(pictures), asked, silent)
    write_evaluation(found, "a page", tmp_path / "out")

    again = evaluate_on_record(predictor, tmp_path / "out" / "scores.npz", asked)

    assert again.judgement.quarantined_count is None
    assert again.judgement.model_copy(update={"quarantined_count": 0}) == found.judgement
    assert (
        Judgement.model_validate_json((tmp_path / "out" / "evaluation.json").read_text()) == found.judgement
    )


def test_what_belongs_together_and_what_is_known_comes_with_the_scores(bundle, pictures):
    judged = judge(load(bundle), read_dataset(pictures))

    assert judged.scored.groups is not None
    assert np.bincount(judged.scored.groups).tolist() == [2] * 12
    assert judged.evaluation.units == 12
    assert set(judged.scored.columns) >= {"size", "aspect", "brightness", "sharpness", "camera"}
    assert judged.scored.columns["camera"].tolist() == ["left"] * 12 + ["right"] * 12
    assert judged.scored.columns["size"][0] == pytest.approx(np.sqrt(40 * 60))


def test_copies_of_a_picture_are_one_observation(bundle, tmp_path):
    for label in LABELS:
        (tmp_path / "data" / label).mkdir(parents=True)
        for index in range(4):
            (tmp_path / "data" / label / f"{index}.png").write_bytes(encode(noise(len(label))))

    found = evaluate_on_data(load(bundle), str(tmp_path / "data"), Asked(), silent)

    assert found.judgement.evaluation.count == 12
    assert found.judgement.evaluation.units == len({len(label) for label in LABELS})


def test_a_bundle_of_another_decision_may_use_the_scores_and_one_of_another_graph_not(
    bundle, pictures, tmp_path
):
    judged = judge(load(bundle), read_dataset(pictures))
    hotter = load(make_bundle(tmp_path / "hotter", decision=DecisionRule(calibration=Temperature(value=9.0))))
    renamed = load(make_bundle(tmp_path / "renamed", labels=("a", "b", "c")))

    again = evaluate_scored(judged.scored, hotter.bundle.manifest)

    assert isinstance(again, Evaluation)
    assert again.negative_log_likelihood != judged.evaluation.negative_log_likelihood
    with pytest.raises(InputError, match="is multiclass with a, b, c. Score it anew"):
        evaluate_scored(judged.scored, renamed.bundle.manifest)
    files = dict(hotter.bundle.manifest.files)
    files["model.onnx"] = files["model.onnx"].model_copy(update={"sha256": "0" * 64})
    with pytest.raises(InputError, match="another graph"):
        evaluate_scored(judged.scored, hotter.bundle.manifest.model_copy(update={"files": files}))


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("embeddings", np.zeros((24, 99), np.float32), "The embeddings are 99 numbers wide, those of bundle"),
        ("logits", np.full((24, 3), np.nan, np.float32), "NaN"),
        ("labels", np.array(["a", "b", "c"]), "with the labels a, b, c"),
    ],
)
def test_scores_that_cannot_be_the_bundles_are_refused_by_the_name_of_their_file(
    bundle, pictures, tmp_path, name, value, said
):
    found = evaluate_on_data(load(bundle), str(pictures), Asked(), silent)
    write_evaluation(found, "a page", tmp_path / "out")
    with np.load(tmp_path / "out" / "scores.npz") as arrays:
        np.savez(tmp_path / "other.npz", **{**arrays, name: value})

    with pytest.raises(InputError, match=f"other.npz.*{said}") as refused:
        evaluate_on_record(load(bundle), tmp_path / "other.npz", Asked())

    assert refused.value.exit_code == 2


def test_scores_say_which_variant_answered_and_serve_no_other(bundle, pictures, tmp_path):
    several = with_second_variant(bundle, tmp_path / "several")
    second = load(several, variant="second")
    found = evaluate_on_data(second, str(pictures), Asked(), silent)
    page = draw_evaluation_report(second, found)
    write_evaluation(found, page, tmp_path / "out")
    scores = tmp_path / "out" / "scores.npz"

    again = evaluate_on_record(second, scores, Asked())

    assert again.judgement.origin.variant == "second"
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["origin"]["variant"] == "second"
    assert "<dt>variant</dt><dd><bdi>second</bdi></dd>" in page
    with pytest.raises(
        InputError, match=r"of variant 'second'; .* 'float32' is asked\. Give --variant second"
    ):
        evaluate_on_record(load(several), scores, Asked())
    with pytest.raises(InputError, match=r"of variant 'second'; .* 'float32' is asked\. Score it anew"):
        evaluate_on_record(load(bundle), scores, Asked())


def test_scores_that_do_not_say_their_variant_are_known_by_their_graph(bundle, pictures, tmp_path):
    several = load(with_second_variant(bundle, tmp_path / "several"), variant="second")
    scored = judge(load(bundle), read_dataset(pictures)).scored
    older = replace(scored, origin=scored.origin.model_copy(update={"variant": None}))

    require_scores_of(older, several.bundle.manifest)


def test_two_bundles_are_compared_on_the_same_pictures(bundle, pictures, tmp_path):
    predictor = load(bundle)
    judged = judge(predictor, read_dataset(pictures))
    turned = load(make_bundle(tmp_path / "turned", labels=(*LABELS[1:], LABELS[0])))

    found = compare_with_bundle(judged.scored, predictor.bundle.manifest, judged.dataset, turned).comparison

    assert found.labels == LABELS
    assert found.only_this + found.only_other + found.both_right + found.both_wrong == 24
    assert len(found.better) == found.only_this
    assert found.accuracy.value == pytest.approx(judged.evaluation.top1_accuracy - found.other_accuracy)


def test_averaged_answers_are_not_told_as_verdicts_of_the_service(bundle, pictures, tmp_path, capsys):
    cautious = load(make_bundle(tmp_path / "cautious", decision=DecisionRule(accept_thresholds=(0.99,) * 3)))
    plain = evaluate_on_data(cautious, str(pictures), Asked(), silent)
    averaged = evaluate_on_data(cautious, str(pictures), Asked(views=("hflip",)), silent)
    write_evaluation(averaged, "a page", tmp_path / "out")
    again = evaluate_on_record(cautious, tmp_path / "out" / "scores.npz", Asked())

    shown = []
    for found in (plain, averaged, again):
        print_judgement(found)
        shown.append("As the service would" in capsys.readouterr().out)

    assert shown == [True, False, False]
    assert averaged.judgement.verdicts is None
    assert again.judgement.verdicts is None


def test_a_bundle_of_other_labels_is_refused_before_any_picture_is_read(bundle, tmp_path):
    other = make_bundle(tmp_path / "other", labels=("crack", "good", "dent"))
    nothing = str(tmp_path / "absent")
    gate = read_gate(f"no class recall drop > 0.02 against {other}")

    for asked in (Asked(compare=str(other)), Asked(gates=(gate,))):
        with pytest.raises(InputError, match="cannot be compared: only one of them knows dent, hole"):
            evaluate_on_data(load(bundle), nothing, asked, silent)


def test_bundles_of_other_labels_cannot_be_compared(bundle, pictures, tmp_path):
    predictor = load(bundle)
    judged = judge(predictor, read_dataset(pictures))
    other = load(make_bundle(tmp_path / "other", labels=("crack", "good", "dent")))

    with pytest.raises(InputError, match="only one of them knows dent, hole"):
        compare_with_bundle(judged.scored, predictor.bundle.manifest, judged.dataset, other)


@pytest.mark.parametrize(
    "asked, name",
    [
        (Asked(split="all"), "--split"),
        (Asked(compare="other"), "--compare"),
        (Asked(gates=(read_gate("no class recall drop > 0 against x"),)), "a gate against a bundle"),
    ],
)
def test_what_needs_the_images_cannot_be_had_from_scores(bundle, tmp_path, asked, name):
    with pytest.raises(InputError, match=name):
        evaluate_on_record(load(bundle), tmp_path / "scores.npz", asked)


def sightline(*arguments):
    command = [sys.executable, "-m", "sightline", "evaluate", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=wide)


def test_the_command_writes_compares_and_fails_a_gate(bundle, pictures, tmp_path):
    (tmp_path / "costs.csv").write_text("truth,crack,good,hole\ncrack,0,9,1\ngood,1,0,1\nhole,1,9,0\n")
    gates = ("accuracy>=0.99", f"no class recall drop > 0.02 against {bundle}", "mean_cost<=100")

    result = sightline(
        *(bundle, pictures, "--out", tmp_path / "out", "--compare", bundle, "--cost", tmp_path / "costs.csv"),
        *(part for gate in gates for part in ("--gate", gate)),
    )
    from_scores = sightline(bundle, "--scores", tmp_path / "out" / "scores.npz", "--json")

    assert result.returncode == 1, result.stderr
    assert "missed accuracy>=0.99: top1_accuracy is" in result.stdout
    assert "kept   no class recall drop" in result.stdout
    assert "24 pictures form 12 independent groups" in result.stdout
    assert "difference +0.0000" in result.stdout
    assert "mean cost" in result.stdout
    written = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    report = json.loads(from_scores.stdout)
    assert [gate["passed"] for gate in written["gates"]] == [False, True, True]
    assert written["comparison"]["comparison"]["p_value"] == 1.0
    assert report["evaluation"]["per_class"] == written["evaluation"]["per_class"]
    assert read_scores(tmp_path / "out" / "scores.npz").origin.split == "all"


@pytest.mark.parametrize(
    "options, message",
    [
        ((), "Give either the images"),
        (("DATA", "--scores", "x.npz"), "Give either the images"),
        (("DATA", "--gate", "macro_fl>=1"), "Did you mean 'macro_f1'"),
        (("DATA", "--gate", "mean_cost<=1"), "give --cost FILE"),
        (("DATA", "--split", "holdout"), "it may be train, val, calibration, test, all"),
        (("DATA", "--compare", "absent"), "'absent' is no bundle"),
        (("--scores", "absent.npz"), "is no file"),
    ],
    ids=["nothing", "both", "figure", "cost", "split", "compare", "scores"],
)
def test_a_mistake_is_one_sentence(bundle, pictures, options, message):
    arguments = ["evaluate", str(bundle), *(str(pictures) if one == "DATA" else one for one in options)]

    result = CliRunner().invoke(app, arguments)

    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


def test_a_thousand_classes_do_not_flood_the_terminal(capsys):
    from sightline.cli.figures import print_evaluation
    from sightline.evaluation import Sampling, evaluate
    from sightline.records import Scores

    rng = np.random.default_rng(0)
    targets = rng.integers(0, 1000, 3000)
    logits = rng.normal(size=(3000, 1000)).astype(np.float32)
    logits[np.arange(3000), targets] += 3
    ids = tuple(map(str, range(3000)))
    scores = Scores(
        logits, np.zeros((3000, 1), np.float32), targets, ids, tuple(f"class {n}" for n in range(1000))
    )
    evaluation = evaluate(scores, DecisionRule(), Sampling(resamples=20))

    print_evaluation(evaluation, "test")

    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 50
    assert "… and 980 more classes" in shown
    assert len(evaluation.model_dump_json()) < 3_000_000


def test_classes_without_pictures_are_not_the_worst(capsys):
    from sightline.cli.figures import print_evaluation
    from sightline.evaluation import Sampling, evaluate, evaluate_multilabel
    from sightline.records import Scores

    rng = np.random.default_rng(0)
    targets, ids = rng.integers(0, 2, 40), tuple(map(str, range(40)))
    logits = rng.normal(size=(40, 3)).astype(np.float32)
    embeddings, labels = np.zeros((40, 1), np.float32), ("first", "second", "unseen")
    several = np.eye(3, dtype=np.uint8)[targets]
    sampling = Sampling(resamples=20)

    print_evaluation(
        evaluate(Scores(logits, embeddings, targets, ids, labels), DecisionRule(), sampling), "test"
    )
    one = capsys.readouterr().out
    rule = DecisionRule(activation="sigmoid")
    print_evaluation(
        evaluate_multilabel(Scores(logits, embeddings, several, ids, labels), rule, sampling), "test"
    )
    many = capsys.readouterr().out

    for shown in (one, many):
        assert shown.index("unseen") > max(shown.index("first"), shown.index("second"))


def test_a_table_without_intervals_has_no_column_for_them(capsys):
    from sightline.cli.figures import print_evaluation
    from sightline.evaluation import Sampling, evaluate
    from sightline.records import Scores

    logits, ids = np.eye(3, dtype=np.float32), ("a", "b", "c")
    scores = Scores(logits, logits, np.arange(3), ids, LABELS)

    print_evaluation(evaluate(scores, DecisionRule()), "val")
    assert "interval" not in capsys.readouterr().out
    print_evaluation(evaluate(scores, DecisionRule(), Sampling(resamples=20)), "val")
    assert "interval" in capsys.readouterr().out
