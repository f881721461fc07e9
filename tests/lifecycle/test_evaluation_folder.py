import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bundles import LABELS, make_bundle
from pictures import encode
from sightline.bundle import read_bundle
from sightline.cli.main import app
from sightline.errors import InputError
from sightline.inference import load
from sightline.lifecycle import evaluation_folder, evaluation_report
from sightline.lifecycle.evaluate_bundle import Asked, Evaluated, evaluate_on_data
from sightline.lifecycle.evaluation_folder import write_evaluation


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for index in range(6):
        label = tmp_path / "pictures" / LABELS[index % 3]
        label.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(index).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        (label / f"{index}.png").write_bytes(encode(noise))
    return tmp_path / "pictures"


def evaluate(bundle: Path, pictures: Path, out: Path | str) -> BaseException | None:
    return CliRunner().invoke(app, ["evaluate", str(bundle), str(pictures), "--out", str(out)]).exception


@pytest.fixture
def nothing_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("the folder was to be refused before anything is loaded")

    monkeypatch.setattr("sightline.inference.load", fail)


@pytest.mark.usefixtures("nothing_scored")
@pytest.mark.parametrize("inside", ["", "golden", "new/deep"])
def test_a_bundle_is_never_written_into(own_bundle: Path, pictures: Path, inside: str) -> None:
    before = {path: path.read_bytes() for path in own_bundle.rglob("*") if path.is_file()}

    refused = evaluate(own_bundle, pictures, own_bundle / inside)

    assert isinstance(refused, InputError)
    assert refused.exit_code == 2
    assert "Choose another folder with --out" in str(refused)
    assert {path: path.read_bytes() for path in own_bundle.rglob("*") if path.is_file()} == before
    read_bundle(own_bundle)


@pytest.mark.usefixtures("nothing_scored")
@pytest.mark.parametrize("name", ["report.html", "evaluation.json", "scores.npz"])
def test_files_of_others_are_not_written_over(
    own_bundle: Path, pictures: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"test": "mine"}')

    refused = evaluate(own_bundle, pictures, tmp_path / "mine")

    assert isinstance(refused, InputError)
    assert f"has {name}, which no evaluation has written" in str(refused)
    assert (tmp_path / "mine" / name).read_text() == '{"test": "mine"}'


@pytest.mark.usefixtures("nothing_scored")
@pytest.mark.parametrize(
    "out, said", [("", "--out is empty"), (" ", "--out is empty"), ("FILE/x", "is no folder")]
)
def test_a_place_that_is_no_folder_is_refused(
    own_bundle: Path, pictures: Path, tmp_path: Path, out: str, said: str
) -> None:
    (tmp_path / "file").touch()

    refused = evaluate(own_bundle, pictures, out.replace("FILE", str(tmp_path / "file")))

    assert isinstance(refused, InputError)
    assert said in str(refused)


def test_an_earlier_evaluation_is_replaced_as_a_whole(
    own_bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    assert evaluate(own_bundle, pictures, tmp_path / "out") is None
    first = (tmp_path / "out" / "report.html").read_bytes()
    (pictures / LABELS[0] / "0.png").unlink()

    assert evaluate(own_bundle, pictures, tmp_path / "out") is None

    assert (tmp_path / "out" / "report.html").read_bytes() != first
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["evaluation"]["count"] == 5


def test_what_is_stopped_while_the_report_is_drawn_leaves_all_as_it_was(
    own_bundle: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    evaluate(own_bundle, pictures, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (pictures / LABELS[0] / "0.png").unlink()
    monkeypatch.setattr(evaluation_report, "render_report", stop)

    stopped = evaluate(own_bundle, pictures, tmp_path / "out")

    assert stopped is not None
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_report_that_cannot_take_its_place_leaves_the_other_files_as_they_were(
    own_bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    found = evaluate_on_data(load(own_bundle), str(pictures), Asked(), lambda _: None)
    out = tmp_path / "out"
    write_evaluation(found, "first", out)
    before = (out / "evaluation.json").read_bytes()
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    other = Evaluated(found.judgement.model_copy(update={"bundle": "another"}), found.scored)

    with pytest.raises(InputError, match="cannot be written to"):
        write_evaluation(other, "second", out)

    assert (out / "evaluation.json").read_bytes() == before
    assert sorted(path.name for path in out.iterdir()) == sorted(evaluation_folder.FILES)


def test_a_new_bundle_is_not_put_into_another(own_bundle: Path, pictures: Path) -> None:
    result = CliRunner().invoke(
        app, ["calibrate", str(own_bundle), str(pictures), "--out", str(own_bundle / "new")]
    )

    assert isinstance(result.exception, InputError)
    assert "lies in the bundle" in str(result.exception)
    read_bundle(own_bundle)


def test_the_scores_of_a_folder_belong_to_its_report(
    own_bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    other = make_bundle(tmp_path / "other")
    evaluate(other, pictures, tmp_path / "out")
    evaluate(own_bundle, pictures, tmp_path / "scores")
    scores = tmp_path / "scores" / "scores.npz"

    result = CliRunner().invoke(
        app, ["evaluate", str(own_bundle), "--scores", str(scores), "--out", str(tmp_path / "out")]
    )

    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "scores.npz").read_bytes() == scores.read_bytes()
