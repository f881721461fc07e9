"""From pictures to a sealed bundle, for real and in small."""

import csv
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pictures import encode, gradient
from sightline.bundle import read_bundle, read_reference
from sightline.dataset import read_dataset
from sightline.demo import DemoOptions, generate_dataset
from sightline.errors import DatasetError, InputError, RecipeError, TrainingError
from sightline.inference import explain, load, verify_bundle
from sightline.lifecycle import judge
from sightline.lifecycle.build import build_bundle
from sightline.lifecycle.golden_pictures import choose_golden
from sightline.lifecycle.prepare import prepare_data
from sightline.records import OutlierChoice
from sightline.training import read_recipe, recipe_for

ASKED = "decision.aims=['recall(good) >= 0.5', 'max_f1']"
SMALL = (
    "model.backbone=resnet10t",
    "model.pretrained=false",
    "data.input_size=32",
    "training.epochs=2",
    "training.freeze_backbone_epochs=1",
)


class Quiet:
    def __init__(self):
        self.stages, self.notes = [], []

    def stage(self, title):
        self.stages.append(title)

    def progress(self, done, total):
        assert 0 < done <= total

    def note(self, text):
        self.notes.append(text)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("line") / "data"
    generate_dataset(root, DemoOptions(images=60))
    (root / "good" / "broken.jpg").write_bytes(b"no image")
    return root


@pytest.fixture(scope="module")
def built(pictures, tmp_path_factory):
    listener = Quiet()
    target = tmp_path_factory.mktemp("out") / "line"
    result = build_bundle(recipe_for(pictures, (*SMALL, ASKED)), target, listener=listener)
    return result, listener


def test_the_bundle_verifies(built):
    assert {check.outcome for check in verify_bundle(built[0].path)} == {"passed"}


def test_what_was_evaluated_is_what_the_bundle_answers(built, pictures):
    result, _ = built

    predictor = load(result.path)
    judged = judge(predictor, read_dataset(pictures))

    assert judged.split == "test"
    assert judged.seen_in_training == 0
    assert judged.evaluation == result.evaluations["test"]
    assert all("macro_f1" in one.intervals for one in result.evaluations.values())


def test_the_manifest_says_what_was_asked_fitted_and_seen(built):
    result, listener = built
    manifest = read_bundle(result.path).manifest

    assert manifest.decision.aim == "recall(good) >= 0.5; max_f1"
    assert manifest.decision == result.rule
    report = manifest.decision_report
    assert report == result.decision
    assert report.calibration.fitted_on.split == "val"
    assert report.calibration.fitted_on.chose_epoch
    assert [aim.text for aim in report.operating.aims] == ["max_f1", "recall(good) >= 0.5"]
    assert report.checked.fitted_on.images == result.evaluations["test"].count
    assert any("which also chose the epoch" in note for note in listener.notes)


def test_an_aim_for_a_label_that_is_not_there_is_told_before_training(pictures, tmp_path):
    listener = Quiet()
    capacity = ("decision.review_capacity=1/day", "decision.traffic=9/day", "decision.priority=[nowhere]")
    recipe = recipe_for(pictures, (*SMALL, "decision.aims=['recall(nothing) >= 0.5']", *capacity))

    with pytest.raises(
        RecipeError, match="(?s)2 mistakes.*names 'nothing', and the labels are.*names 'nowhere'"
    ):
        build_bundle(recipe, tmp_path / "out", listener=listener)

    assert "Training" not in listener.stages


def test_torch_and_graph_agree_on_every_test_image(built):
    export = built[0].export

    assert export.images == built[0].evaluations["test"].count
    assert export.label_agreement == 1
    assert export.max_probability_difference <= 1e-4


def test_images_seen_in_training_are_counted(built, pictures):
    judged = judge(load(built[0].path), read_dataset(pictures), "all")

    assert judged.seen_in_training == read_bundle(built[0].path).manifest.provenance.dataset_counts["train"]


def test_the_provenance_is_enough_to_train_it_again(built, tmp_path):
    first = built[0].path
    again = build_bundle(read_recipe(first / "recipe.yaml"), tmp_path / "again", listener=Quiet())

    one, other = read_bundle(first).manifest, read_bundle(again.path).manifest
    assert one.provenance.dataset_digest == other.provenance.dataset_digest
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    logits = [load(path).engine.run(pixels, ["logits"])[0] for path in (first, again.path)]
    assert np.array_equal(logits[0], logits[1])


def test_the_table_lists_every_sample_with_its_split(built):
    rows = list(csv.DictReader((built[0].path / "dataset.csv").read_text().splitlines()))

    assert len(rows) == 60
    assert {row["split"] for row in rows} == {"train", "val", "test"}


def test_golden_images_include_rotated_transparent_large_and_strange_ones(built):
    names = {path.name for path in (built[0].path / "golden").iterdir()}

    assert {"rotated.jpg", "transparent.png", "large.jpg", "blank.png", "noise.jpg", "expected.npz"} < names
    assert len(names) == 14


def test_the_reference_is_of_training_images_and_of_no_others(built):
    bundle = read_bundle(built[0].path)
    rows = list(csv.DictReader((built[0].path / "dataset.csv").read_text().splitlines()))

    reference = read_reference(bundle)

    trained_on = {(row["path"], row["sha256"]) for row in rows if row["split"] == "train"}
    assert set(zip(reference.ids, reference.sha256, strict=True)) == trained_on
    labels = bundle.manifest.labels
    assert all(labels[target] in path for target, path in zip(reference.targets, reference.ids, strict=True))


def test_the_rule_for_strange_pictures_is_the_one_that_was_chosen_and_its_evidence_is_kept(built):
    result, listener = built
    rule = read_bundle(result.path).manifest.decision.outliers

    kept = OutlierChoice.model_validate_json((result.path / "outliers.json").read_text())

    assert kept == result.outliers
    assert rule.kind == kept.chosen
    assert rule.threshold == next(one.threshold for one in kept.figures if one.kind == rule.kind)
    assert rule.held_out == read_bundle(result.path).manifest.provenance.dataset_counts["val"]
    assert [one.kind for one in kept.figures] == ["max_softmax", "energy", "mahalanobis", "knn", "mix"]
    assert any("too few to promise a false-alarm rate" in note for note in listener.notes)


def test_what_is_strange_is_decided_the_same_in_the_bundle_as_when_it_was_fitted(built, pictures):
    predictor = load(built[0].path)
    rule = predictor.bundle.manifest.decision.outliers

    judged = judge(predictor, read_dataset(pictures), "val")

    scores = predictor.scorer.scores(judged.scores.logits, judged.scores.embeddings)
    assert (scores <= rule.threshold).all()  # so few that the threshold is the largest of them
    assert scores.max() == pytest.approx(rule.threshold, rel=1e-6)


def test_none_rejects_nothing_and_keeps_the_reference(pictures, tmp_path):
    recipe = recipe_for(pictures, (*SMALL, "outliers.method=none", "training.epochs=1"))
    result = build_bundle(recipe, tmp_path / "none", listener=Quiet())

    assert read_bundle(result.path).manifest.decision.outliers is None
    answer = load(result.path).predict(encode(gradient()), neighbours=2)
    assert answer.outlier_score is None
    assert len(answer.neighbours) == 2


def test_the_head_in_the_bundle_explains_exactly(built, pictures):
    predictor = load(built[0].path)

    found = explain(predictor, next((pictures / "crack").iterdir()), method="class_activation")

    assert predictor.bundle.manifest.class_maps.pooling == "mean"
    assert predictor.bundle.manifest.class_maps.deviation < 1e-5
    assert (found.method, found.exact) == ("class_activation", True)


def test_files_set_aside_are_told(built):
    assert any("broken.jpg" in note for note in built[1].notes)


def test_every_file_set_aside_is_listed_in_the_bundle(built):
    rows = list(csv.DictReader((built[0].path / "quarantine.csv").read_text().splitlines()))

    assert [(row["path"], row["reason"]) for row in rows] == [("good/broken.jpg", "format_not_allowed")]


def test_one_picture_under_two_labels_is_told(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for index in range(4):
            (tmp_path / label / f"{index}.png").write_bytes(encode(gradient(20 + index, 30 + ord(label) % 7)))
    (tmp_path / "b" / "copy.png").write_bytes((tmp_path / "a" / "0.png").read_bytes())

    notes = prepare_data(recipe_for(tmp_path, SMALL)).notes

    assert any(
        "1 pictures stand under different labels, 'a/0.png' and 'b/copy.png'" in note for note in notes
    )


def test_a_very_wide_input_has_no_golden_image_beyond_the_limits(pictures):
    recipe = recipe_for(pictures, (*SMALL, "data.input_size=[32,4000]"))

    names = set(choose_golden(prepare_data(recipe).val, recipe.preprocessing()))

    assert "golden/rotated.jpg" in names
    assert "golden/large.jpg" not in names


def test_an_unknown_backbone_is_told_before_anything_is_read(pictures, tmp_path):
    listener = Quiet()

    with pytest.raises(TrainingError, match="resnet9000"):
        build_bundle(
            recipe_for(pictures, (*SMALL, "model.backbone=resnet9000")), tmp_path / "b", listener=listener
        )
    assert listener.stages == ["Checking backbone and weights"]


def test_an_existing_target_is_refused_before_anything_is_read(pictures, tmp_path):
    (tmp_path / "there").mkdir()
    listener = Quiet()

    with pytest.raises(InputError, match="exists already"):
        build_bundle(recipe_for(pictures, SMALL), tmp_path / "there", listener=listener)
    assert listener.stages == []


def test_a_recipe_without_data_is_refused(tmp_path):
    (tmp_path / "recipe.yaml").write_text("seed: 1\n")

    with pytest.raises(RecipeError, match=r"data\.train_dir is missing"):
        prepare_data(read_recipe(tmp_path / "recipe.yaml"))


def test_given_folders_for_val_and_test_are_taken_as_they_are(tmp_path):
    for split, count in (("learn", 6), ("check", 3), ("exam", 2)):
        for label in ("a", "b"):
            (tmp_path / split / label).mkdir(parents=True)
            for index in range(count):
                shade = gradient(20 + index, 30 + len(split) + len(label) * 9)
                (tmp_path / split / label / f"{index}{label}{split}.png").write_bytes(encode(shade))
    folders = (f"data.val_dir={tmp_path / 'check'}", f"data.test_dir={tmp_path / 'exam'}")

    data = prepare_data(recipe_for(tmp_path / "learn", (*SMALL, *folders)))

    assert data.counts() == {"train": 12, "val": 6, "test": 4}
    assert any(
        "show the same as one of train" in note for note in data.notes
    )  # a and b hold the same pictures


def test_a_class_that_only_val_has_is_named(tmp_path):
    for folder, labels in (("learn", "ab"), ("check", "abc")):
        for label in labels:
            (tmp_path / folder / label).mkdir(parents=True)
            for index in range(4):
                (tmp_path / folder / label / f"{index}.png").write_bytes(encode(gradient(20 + index, 30)))
    recipe = recipe_for(tmp_path / "learn", (*SMALL, f"data.val_dir={tmp_path / 'check'}"))

    with pytest.raises(DatasetError, match="has the classes c"):
        prepare_data(recipe)


def test_ctrl_c_leaves_no_half_written_bundle(pictures, tmp_path):
    target = tmp_path / "interrupted"
    command = [sys.executable, "-m", "sightline", "train", str(pictures), *SMALL[:3], "training.epochs=500"]
    process = subprocess.Popen(
        [*command, "--out", str(target)],
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job, which a test run may be, is started deaf to Ctrl-C, and so are its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        for line in process.stderr:
            if "epoch" in line:
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        code = process.wait(180)
        said = process.stderr.read()
    finally:
        process.kill()
        process.stderr.close()

    assert code == 130
    assert "Nothing half-written" in said
    (run,) = tmp_path.iterdir()
    assert run.name == "interrupted-run"
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"
    assert (run / "data" / "report.html").exists()
    assert not list(run.rglob(".*.partial"))


def test_the_command_reports_as_json(pictures, tmp_path):
    command = [sys.executable, "-m", "sightline", "train", str(pictures), *SMALL, "--json"]

    result = subprocess.run(
        [*command, "--out", str(tmp_path / "b")], capture_output=True, text=True, timeout=180, check=True
    )

    report = json.loads(result.stdout)
    assert report["test"]["count"] > 0
    assert set(report["baselines"]) == {"majority"}
    assert report["plan"]["strategy"].startswith("scratch: ")
    assert report["outliers"]["chosen"] in {"max_softmax", "energy", "mahalanobis", "knn", "mix"}
    assert report["id"] == json.loads((tmp_path / "b" / "bundle.json").read_text())["id"]


def test_a_source_that_is_not_there_is_one_sentence(tmp_path):
    command = [sys.executable, "-m", "sightline", "train", str(tmp_path / "absent")]

    result = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)

    assert result.returncode == 2
    assert "neither a recipe nor a folder" in result.stderr
