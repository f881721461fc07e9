import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from bundles import LABELS, make_bundle, with_second_variant
from pictures import encode, gradient
from sightline.bundle import read_bundle
from sightline.cli.main import app
from sightline.errors import InputError
from sightline.inference import load
from sightline.lifecycle.regression import add_images, mark_fixed, read_picture, read_set, run_set
from sightline.lifecycle.regression.table import write_set
from sightline.records import DecisionRule, ImageLimits


@pytest.fixture(scope="module")
def predictor(bundle):
    return load(bundle)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encode(gradient()))
    return path


def answer_of(predictor, path):
    return predictor.predict(path).label


def other_than(label):
    return next(name for name in LABELS if name != label)


def test_a_picture_is_copied_under_its_hash_with_its_answer(tmp_path, picture, predictor):
    right = answer_of(predictor, picture)

    added = add_images(tmp_path / "set", [picture], [right], note="a, 'note'", predictor=predictor)

    (case,) = read_set(tmp_path / "set")
    assert added.cases == (case,)
    assert read_picture(tmp_path / "set", case, ImageLimits()) == picture.read_bytes()
    assert (case.state, case.labels, case.answered) == ("must", (right,), (right,))
    assert (case.note, case.answered_by) == ("a, 'note'", predictor.bundle.id)
    assert case.file == f"images/{case.sha256}.png"


def test_what_a_bundle_has_wrong_is_open_and_what_nobody_asked_about_must_be_right(
    tmp_path, picture, predictor
):
    wrong = other_than(answer_of(predictor, picture))

    asked = add_images(tmp_path / "asked", [picture], [wrong], predictor=predictor)
    unasked = add_images(tmp_path / "unasked", [picture], [wrong])

    assert (asked.cases[0].state, unasked.cases[0].state) == ("open", "must")
    assert (unasked.cases[0].answered_by, unasked.cases[0].answered) == ("", ())


def test_a_picture_that_is_there_already_is_not_added_again(tmp_path, picture):
    copy = tmp_path / "copy.png"
    copy.write_bytes(picture.read_bytes())

    first = add_images(tmp_path / "set", [picture, copy], ["crack"])
    again = add_images(tmp_path / "set", [copy], ["crack"])

    assert (len(first.cases), first.already) == (1, (copy,))
    assert (again.cases, again.already) == ((), (copy,))
    with pytest.raises(
        InputError, match="in the set already, as crack where this says good. Nothing was added"
    ):
        add_images(tmp_path / "set", [copy], ["good"])
    assert len(read_set(tmp_path / "set")) == 1


@pytest.mark.parametrize("content", [b"no image", encode(gradient(), "JPEG")[:-60]], ids=["text", "cut off"])
def test_what_is_no_picture_is_refused_and_nothing_is_written(tmp_path, picture, content):
    (tmp_path / "bad.jpg").write_bytes(content)

    with pytest.raises(InputError, match=r"bad\.jpg' cannot be added"):
        add_images(tmp_path / "set", [picture, tmp_path / "bad.jpg"], ["crack"])

    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("label", ["", "a|b", "a\nb"])
def test_a_label_that_cannot_be_kept_is_refused(tmp_path, picture, label):
    with pytest.raises(InputError, match="cannot be kept: labels"):
        add_images(tmp_path / "set", [picture], [label])


def test_labels_that_the_bundle_does_not_give_are_refused(tmp_path, picture, predictor):
    with pytest.raises(InputError, match="does not know the label dent"):
        add_images(tmp_path / "set", [picture], ["dent"], predictor=predictor)
    with pytest.raises(InputError, match="gives one label a picture"):
        add_images(tmp_path / "set", [picture], ["crack", "good"], predictor=predictor)


def test_a_failure_that_is_mended_and_comes_back_fails_the_gate(tmp_path, picture, predictor):
    right = answer_of(predictor, picture)
    add_images(tmp_path / "set", [picture], [right], state="open")

    mended = run_set(predictor, tmp_path / "set")
    mark_fixed(tmp_path / "set", mended)

    assert [one.case.state for one in mended.mended] == ["open"]
    (fixed,) = read_set(tmp_path / "set")
    assert (fixed.state, fixed.fixed_by) == ("fixed", predictor.bundle.id)
    renamed = load(make_bundle(tmp_path / "renamed", labels=(*LABELS[1:], LABELS[0])))
    later = run_set(renamed, tmp_path / "set")
    assert [one.case.file for one in later.returned] == [fixed.file]
    assert later.cases[0].answer != (right,)


def test_several_labels_are_right_only_together(tmp_path, picture):
    several = load(make_bundle(tmp_path / "several", decision=DecisionRule(activation="sigmoid")))
    answer = several.predict(picture).labels
    add_images(tmp_path / "set", [picture], answer[:-1], state="must")

    assert len(answer) > 1
    assert len(run_set(several, tmp_path / "set").returned) == 1


def rewrite(folder, change):
    with (folder / "regression.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows[0])
    with (folder / "regression.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    "column, cell, message",
    [
        ("file", "../../etc/passwd", r"row 2: file is '\.\./.*is expected"),
        ("sha256", "12", "row 2: sha256 is '12', where 64 hexadecimal digits are expected"),
        ("state", "done", "row 2: state is 'done'; it may be must, open, fixed"),
        ("labels", "a\x01b", "row 2: labels has .* no control character: rename the class"),
        ("note", "x" * 2001, "row 2: note is longer than 2,000 characters; shorten it"),
        ("fixed_by", "me", "row 2: fixed_by is 'me', where 64 hexadecimal digits or nothing are expected"),
        ("labels", "crack|crack", "row 2: a label stands twice"),
        ("added_at", "yesterday", "row 2: added_at is 'yesterday', where a time such as .* is expected"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_named(tmp_path, picture, column, cell, message):
    add_images(tmp_path / "set", [picture], ["crack"])

    rewrite(tmp_path / "set", lambda row: row.update({column: cell}))

    with pytest.raises(InputError, match=message):
        read_set(tmp_path / "set")


def test_a_changed_or_missing_picture_is_named(tmp_path, picture, predictor):
    (case,) = add_images(tmp_path / "set", [picture], ["crack"]).cases
    file = tmp_path / "set" / case.file

    file.write_bytes(encode(gradient(20, 20)))
    with pytest.raises(InputError, match="its content has changed"):
        run_set(predictor, tmp_path / "set")

    file.unlink()
    with pytest.raises(
        InputError, match="There is no file .* Bring it back from a copy of the set, or take its row out"
    ):
        run_set(predictor, tmp_path / "set")


def test_rows_that_several_processes_add_at_once_are_all_kept(tmp_path):
    pictures = []
    for number in range(12):
        pictures.append(tmp_path / f"{number}.png")
        pictures[-1].write_bytes(encode(gradient(20 + number, 20)))
    script = (
        "import sys; from pathlib import Path; from sightline.lifecycle.regression import add_images\n"
        "for path in sys.argv[2:]: add_images(Path(sys.argv[1]), [Path(path)], ['crack'])"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path / "set", *pictures[start::3]])
        for start in range(3)
    ]

    assert [one.wait(timeout=120) for one in running] == [0, 0, 0]

    assert len(read_set(tmp_path / "set")) == 12
    assert all(read_picture(tmp_path / "set", case, ImageLimits()) for case in read_set(tmp_path / "set"))


def test_a_set_that_is_not_there_is_said_before_the_bundle_is_opened(tmp_path):
    result = CliRunner().invoke(app, ["regress", "run", str(tmp_path / "absent"), str(tmp_path / "set")])

    assert isinstance(result.exception, InputError)
    assert "set' is no regression set" in str(result.exception)


def test_a_set_of_other_labels_is_refused(tmp_path, picture, predictor):
    add_images(tmp_path / "set", [picture], ["dent"])

    with pytest.raises(InputError, match="has the labels dent, which bundle"):
        run_set(predictor, tmp_path / "set")


def test_a_picture_beyond_the_bundles_limits_is_wrong_with_the_reason(tmp_path, picture):
    narrow = load(make_bundle(tmp_path / "narrow", max_bytes=20_000))
    large = tmp_path / "large.png"
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    large.write_bytes(encode(noise))
    add_images(tmp_path / "set", [large], ["crack"])

    (one,) = run_set(narrow, tmp_path / "set").cases

    assert large.stat().st_size > 20_000
    assert one.returned
    assert one.reason.startswith("not taken:")


def sightline(*arguments):
    command = [sys.executable, "-m", "sightline", "regress", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=wide)


def test_the_commands_add_list_and_fail_the_gate_by_name(tmp_path, picture, bundle, predictor):
    folder, wrong = tmp_path / "set", other_than(answer_of(predictor, picture))

    added = sightline("add", folder, picture, "--label", wrong, "--note", "seen on line 3")
    listed = sightline("list", folder)
    passed, failed = (sightline("run", bundle, folder, *options) for options in ((), ("--gate",)))
    as_json = json.loads(sightline("run", bundle, folder, "--json").stdout)

    (case,) = read_set(folder)
    assert (added.returncode, listed.returncode, passed.returncode, failed.returncode) == (0, 0, 0, 1)
    assert f"as {wrong} (must)" in added.stdout
    assert "seen on line 3" in listed.stdout
    assert "0 of 1 right; 1 wrong that must be right" in passed.stdout
    assert case.file in failed.stderr
    assert as_json["cases"][0]["right"] is False
    assert sightline("list", tmp_path / "absent").returncode == 2
    assert "it may be must, open, fixed" in sightline("add", folder, picture, "--state", "done").stderr


@pytest.mark.parametrize("inside", ["", "golden", "new/deep"])
def test_no_set_is_made_in_a_bundle(own_bundle, picture, inside):
    with pytest.raises(
        InputError, match=r"which nothing may be added to\. Name another folder for the set\."
    ):
        add_images(own_bundle / inside, [picture], ["crack"])

    read_bundle(own_bundle)


def test_a_variant_can_be_named_and_is_told(tmp_path, picture, bundle):
    several = with_second_variant(bundle, tmp_path / "several")
    add_images(tmp_path / "set", [picture], ["crack"])

    ran = sightline("run", several, tmp_path / "set", "--json", "--variant", "second")

    result = json.loads(ran.stdout)
    assert result["variant"] == "second"
    answer = load(several, variant="second").predict(picture)
    assert result["cases"][0]["probability"] == pytest.approx(answer.probability, abs=1e-6)


def test_a_gate_on_no_case_is_refused(tmp_path, picture, bundle):
    add_images(tmp_path / "set", [picture], ["crack"])
    write_set(tmp_path / "set", [])

    refused, asked = (sightline("run", bundle, tmp_path / "set", *options) for options in (["--gate"], []))

    assert refused.returncode == 2
    assert f"'{tmp_path / 'set'}' holds no case" in refused.stderr
    assert asked.returncode == 0
