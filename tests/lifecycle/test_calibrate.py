import dataclasses
import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from bundles import LABELS, make_bundle, outlier_rule, reseal, with_second_variant
from pictures import encode
from sightline.bundle import (
    create_keys,
    pack_golden,
    read_bundle,
    read_signing_key,
    sign_bundle,
    signature_ids,
    unpack_golden,
)
from sightline.cli.main import app
from sightline.dataset import read_dataset
from sightline.errors import BundleError, InputError, RecipeError
from sightline.inference import load, verify_bundle
from sightline.lifecycle.calibrate import calibrate_bundle, section_of
from sightline.lifecycle.decision import wishes_for
from sightline.training.recipe.sections import DecisionSection

IMAGES = 90


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Noise of several colours, named after what the bundle answers most often, and sometimes after another."""
    root = tmp_path_factory.mktemp("data") / "pictures"
    predictor = load(make_bundle(tmp_path_factory.mktemp("b") / "tiles"))
    rng = np.random.default_rng(0)
    for index in range(IMAGES):
        levels = rng.integers(0, 256, 3)
        picture = encode(np.clip(levels + rng.integers(-40, 40, (36, 40, 3)), 0, 255).astype(np.uint8))
        label = predictor.predict(picture).label if index % 5 else LABELS[index % 3]
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / label / f"{index:02}.png").write_bytes(picture)
    return root


def with_splits(bundle, target, pictures, split_of):
    """The bundle with a record of its data, in which each picture has a split."""
    rows = [
        f"{split_of(index)},{path.name},{path.parent.name},,{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for index, path in enumerate(sorted(pictures.rglob("*.png")))
    ]
    return reseal(
        bundle, target, {"dataset.csv": "\n".join(["split,path,label,group,sha256", *rows]).encode()}
    )


def calibrated(bundle, pictures, target, **asked):
    predictor, section = load(bundle), DecisionSection(**asked)
    manifest = predictor.bundle.manifest
    wishes = wishes_for(section, manifest.labels, manifest.task)
    return calibrate_bundle(predictor, read_dataset(pictures), section, wishes, target)


def test_the_new_bundle_has_the_old_graph_and_a_decision_of_its_own(bundle, pictures, tmp_path):
    made = calibrated(
        bundle,
        pictures,
        tmp_path / "new",
        aims=("recall(crack) >= 0.5",),
        review_capacity="20/day",
        traffic="100/day",
    )

    old, new = read_bundle(bundle), read_bundle(made.path)
    assert new.id == made.id != old.id
    assert new.read("model.onnx") == old.read("model.onnx")
    assert new.manifest.decision.accept_thresholds is not None
    assert new.manifest.decision.aim == "recall(crack) >= 0.5; at most 20 of 100 a day to review"
    assert new.manifest.provenance.recalibration.bundle == old.id
    assert new.manifest.provenance.recalibration.images == IMAGES
    assert new.manifest.decision_report.source == "calibrate"
    assert {check.outcome for check in verify_bundle(made.path)} == {"passed"}


def test_a_signature_does_not_go_over_to_the_new_bundle(own_bundle, pictures, tmp_path):
    create_keys(tmp_path / "keys", "builder", None)
    sign_bundle(read_bundle(own_bundle), read_signing_key(tmp_path / "keys" / "builder.key", str))

    made = calibrated(own_bundle, pictures, tmp_path / "new", aims=("recall(*) >= 0.5",))

    assert len(signature_ids(own_bundle)) == 1
    assert not (made.path / "signatures").exists()


def test_golden_pictures_keep_their_pixels_and_are_decided_anew(bundle, pictures, tmp_path):
    calibrated(bundle, pictures, tmp_path / "new", aims=("recall(*) >= 0.5",))

    old, new = (
        unpack_golden((root / "golden/expected.npz").read_bytes()) for root in (bundle, tmp_path / "new")
    )
    assert (new.pixels == old.pixels).all()
    assert (new.logits == old.logits).all()
    assert not np.allclose(new.probabilities, old.probabilities)


def test_what_training_has_seen_is_left_out_and_the_test_split_judges(bundle, pictures, tmp_path):
    thirds = with_splits(bundle, tmp_path / "thirds", pictures, lambda i: ("train", "val", "test")[i % 3])

    made = calibrated(thirds, pictures, tmp_path / "new")

    assert made.notices == (f"{IMAGES // 3} images that training has seen were left out.",)
    assert made.report.calibration.fitted_on.images == IMAGES // 3
    assert made.report.calibration.fitted_on.chose_epoch
    assert made.report.calibration.fitted_on.split == "val"
    assert made.report.checked.fitted_on.images == IMAGES // 3
    assert [one.split for one in made.report.calibration.measured] == ["val, folds held out", "test"]
    assert set(made.evaluations) == {"val", "test"}
    assert read_bundle(made.path).manifest.metrics["test"]["images"] == IMAGES // 3


def test_data_that_training_has_seen_entirely_are_refused(bundle, pictures, tmp_path):
    seen = with_splits(bundle, tmp_path / "seen", pictures, lambda _: "train")

    with pytest.raises(InputError, match=f"trained on all {IMAGES} images"):
        calibrated(seen, pictures, tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_only_the_test_split_left_is_used_and_said(bundle, pictures, tmp_path):
    tested = with_splits(bundle, tmp_path / "tested", pictures, lambda i: ("train", "test")[i % 2])

    made = calibrated(tested, pictures, tmp_path / "new")

    assert any("say nothing of this decision" in notice for notice in made.notices)
    assert made.report.checked is None


@pytest.mark.parametrize(
    "unseen, copies, counted",
    [(1, 1, "1 independent image "), (19, 1, "19 independent"), (10, 3, "10 independent")],
)
def test_too_few_independent_pictures_are_refused_before_they_are_scored(
    bundle, pictures, tmp_path, unseen, copies, counted
):
    few = tmp_path / "few"
    for path in sorted(pictures.rglob("*.png"))[:unseen]:
        (few / path.parent.name).mkdir(parents=True, exist_ok=True)
        for copy in range(copies):
            (few / path.parent.name / f"{path.stem}-{copy}.png").write_bytes(path.read_bytes())
    for label in LABELS:
        (few / label).mkdir(exist_ok=True)

    with pytest.raises(InputError, match=f"{counted}.* and it takes 20"):
        calibrated(bundle, few, tmp_path / "new")

    assert not (tmp_path / "new").exists()


def test_twenty_independent_pictures_are_enough(bundle, pictures, tmp_path):
    few = with_splits(bundle, tmp_path / "few", pictures, lambda i: "val" if i < 20 else "train")

    made = calibrated(few, pictures, tmp_path / "new")

    assert made.report.calibration.fitted_on.images == 20


def test_an_existing_target_is_refused_before_anything_is_scored(bundle, pictures, tmp_path):
    (tmp_path / "new").mkdir()

    with pytest.raises(InputError, match="exists already"):
        calibrated(bundle, pictures, tmp_path / "new")


def test_an_unknown_label_is_refused(bundle, pictures, tmp_path):
    with pytest.raises(RecipeError, match="names 'dent'"):
        calibrated(bundle, pictures, tmp_path / "new", aims=("recall(dent) >= 0.9",))


def test_a_machine_that_answers_otherwise_fits_nothing(bundle, pictures, tmp_path):
    expected = unpack_golden((bundle / "golden/expected.npz").read_bytes())
    other = dataclasses.replace(expected, logits=expected.logits + 1)
    changed = reseal(bundle, tmp_path / "changed", {"golden/expected.npz": pack_golden(other)})

    with pytest.raises(BundleError, match="graph"):
        calibrated(changed, pictures, tmp_path / "new")


def sightline(*arguments):
    command = [sys.executable, "-m", "sightline", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=wide)


def test_the_command_says_what_is_to_be_expected_and_show_repeats_it(bundle, pictures, tmp_path):
    recipe = "decision:\n  aims: ['recall(hole) >= 0.5']\n"
    asking = reseal(bundle, tmp_path / "asking", {"recipe.yaml": recipe.encode()})

    result = sightline("calibrate", asking, pictures, "--out", tmp_path / "new")

    assert result.returncode == 0, result.stderr
    assert section_of(read_bundle(tmp_path / "new")).aims == ("recall(hole) >= 0.5",)
    shown = sightline("show", tmp_path / "new").stdout
    for said in (result.stdout, shown):
        assert "aim recall(hole) >= 0.5" in said
        assert "promised" in said
        assert "calibration error" in said
    assert "recalibrated" in shown


def test_as_json_the_command_gives_rule_and_report(bundle, pictures, tmp_path):
    result = sightline(
        "calibrate", bundle, pictures, "-o", tmp_path / "new", "--sets", "aps", "--coverage", "0.8", "--json"
    )

    answer = json.loads(result.stdout)
    assert answer["decision"]["sets"]["kind"] == "aps"
    assert answer["decision_report"]["operating"]["set_coverage"]["value"] >= 0.7
    assert answer["id"] == read_bundle(tmp_path / "new").id


@pytest.mark.parametrize(
    "options, said",
    [
        (["--aim", "recall(crack) > 1"], "--aim: 'recall(crack) > 1' is no aim; an aim is one of"),
        (["--review-capacity", "20/day"], "review_capacity is given without traffic"),
        (["--review-capacity", "many", "--traffic", "1/day"], "'many' is no rate"),
        (["--review-capacity", "20/day", "--traffic", "10/day"], "everything can be looked at"),
        (["--sets", "raps"], "allowed now: 'lac' or 'aps'"),
        (["--costs", "absent.csv"], "absent.csv"),
        (["--aim", "recall(crack)>=0.9", "--aim", "recall(crack)>=0.5"], "are two aims for the same"),
        (["--aim", "recall(dent)>=0.9"], "--aim: 'recall(dent) >= 0.9' names 'dent', and the labels are"),
        (["--aim", "max_f1", "--costs", "absent.csv"], "--costs: costs and the aim max_f1 each choose"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_by_name(bundle, pictures, tmp_path, options, said):
    result = sightline("calibrate", bundle, pictures, "--out", tmp_path / "new", *options)

    assert result.returncode == 2
    assert said in result.stderr


def test_an_existing_target_is_refused_before_the_bundle_is_opened(tmp_path):
    result = CliRunner().invoke(app, ["calibrate", str(tmp_path / "absent"), "data", "--out", str(tmp_path)])

    assert isinstance(result.exception, InputError)
    assert "exists already" in str(result.exception)


def test_baselines_are_carried_over_and_figures_have_intervals(bundle, pictures, tmp_path):
    figures = {"macro_f1": 0.1, "count": 3}
    old = reseal(
        bundle,
        tmp_path / "old",
        {"evaluation.json": json.dumps({"test": {}, "baseline:majority": figures}).encode()},
    )
    predictor = load(old)
    manifest = predictor.bundle.manifest
    metrics = {**manifest.metrics, "baseline:majority": {"images": 3, "macro_f1": 0.1}}
    known = dataclasses.replace(predictor.bundle, manifest=manifest.model_copy(update={"metrics": metrics}))
    predictor.bundle = known
    wishes = wishes_for(DecisionSection(), manifest.labels, manifest.task)

    made = calibrate_bundle(predictor, read_dataset(pictures), DecisionSection(), wishes, tmp_path / "new")

    new = read_bundle(tmp_path / "new")
    assert new.manifest.metrics["baseline:majority"] == {"images": 3, "macro_f1": 0.1}
    assert json.loads(new.read("evaluation.json"))["baseline:majority"] == figures
    assert "test" not in new.manifest.metrics
    assert all("macro_f1" in one.intervals for one in made.evaluations.values())


def test_what_is_expected_and_checked_counts_what_the_bundle_rejects(pictures, tmp_path):
    files = sorted(pictures.rglob("*.png"))
    loose = load(make_bundle(tmp_path / "loose", outliers=outlier_rule()))
    middle = float(np.median([loose.predict(file).outlier_score for file in files]))
    strict = make_bundle(tmp_path / "strict", outliers=outlier_rule(threshold=middle))
    old = with_splits(strict, tmp_path / "old", pictures, lambda index: "test" if index % 2 else "val")
    made = calibrated(old, pictures, tmp_path / "new")

    predictor = load(tmp_path / "new")
    for report, start in ((made.report.checked, 1), (made.report.operating, 0)):
        decided = [predictor.predict(file).decision for file in files[start::2]]
        assert 0 < decided.count("reject") < len(decided)
        assert report.accepted.value == pytest.approx(decided.count("accept") / len(decided))


def test_all_options_that_cannot_be_meant_are_told_at_once_and_before_any_picture_is_read(bundle, tmp_path):
    result = sightline(
        *("calibrate", bundle, tmp_path / "absent", "--out", tmp_path / "new"),
        *(
            "--aim",
            "recall(dent)>=0.9",
            "--review-capacity",
            "many",
            "--traffic",
            "9/day",
            "--priority",
            "dents",
        ),
        *("--coverage", "2", "--sets", "aps"),
    )

    assert result.returncode == 2
    assert "has 4 mistakes" in result.stderr
    for option in ("--aim: ", "--review-capacity: ", "--priority: ", "--coverage: "):
        assert f"  {option}" in result.stderr


def test_a_bundle_of_several_variants_is_refused_before_any_picture_is_read(bundle, pictures, tmp_path):
    several = with_second_variant(bundle, tmp_path / "several")

    result = sightline("calibrate", several, tmp_path / "absent", "--out", tmp_path / "new")

    assert result.returncode == 2
    assert "'several' has 2 variants, each with a decision of its own." in result.stderr
    with pytest.raises(InputError, match="'several' has 2 variants"):
        calibrated(several, pictures, tmp_path / "new")
