import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bundles import LABELS, make_bundle, outlier_rule
from pictures import encode, gradient
from sightline.cli.main import app
from sightline.errors import InputError
from sightline.inference import load
from sightline.lifecycle.evaluate_bundle import Asked, evaluate_on_data
from sightline.lifecycle.evaluation_report import draw_evaluation_report, gather
from sightline.records import REJECT, DecisionRule


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Noise and gradients of each class, so that some are rejected and most are answered wrong."""
    root = tmp_path / "pictures"
    for place, label in enumerate(LABELS):
        (root / label).mkdir(parents=True)
        for index in range(4):
            noise = np.random.default_rng(10 * place + index).integers(0, 256, (40, 60, 3), dtype=np.uint8)
            (root / label / f"noise{index}.png").write_bytes(encode(noise))
        (root / label / f"{place}.png").write_bytes(encode(gradient(64, 48 + 8 * place)))
    return root


def silent(_title: str) -> None:
    return None


def test_mistakes_are_explained_by_heat_and_by_lookalikes(pictures: Path, tmp_path: Path) -> None:
    predictor = load(make_bundle(tmp_path / "bundle", outliers=outlier_rule()))
    found = evaluate_on_data(predictor, str(pictures), Asked(), silent)

    material = gather(predictor, found)

    assert set(material.explained) == {card.path for card in material.galleries.mistakes.cards}
    assert all(one.overlay is not None and one.overlay[:4] == b"RIFF" for one in material.explained.values())
    assert all(len(one.lookalikes) == 3 for one in material.explained.values())
    assert material.explained_by.startswith("Beside each picture")


def test_strange_pictures_are_rejected_in_the_report_as_in_production(pictures: Path, tmp_path: Path) -> None:
    predictor = load(make_bundle(tmp_path / "bundle", outliers=outlier_rule()))
    found = evaluate_on_data(predictor, str(pictures), Asked(), silent)

    material = gather(predictor, found)

    verdicts = material.subject.verdicts
    assert verdicts is not None
    rejected = {path for path, one in zip(found.scored.scores.ids, verdicts, strict=True) if one == REJECT}
    alone = {
        path for path in found.scored.scores.ids if predictor.predict(pictures / path).decision == "reject"
    }
    assert rejected == alone
    assert 0 < len(rejected) < len(found.scored.scores.ids)


def test_a_picture_that_vanished_before_the_report_has_no_heat(pictures: Path, tmp_path: Path) -> None:
    predictor = load(make_bundle(tmp_path / "bundle"))
    found = evaluate_on_data(predictor, str(pictures), Asked(), silent)
    for file in pictures.rglob("*.png"):
        file.unlink()

    text = draw_evaluation_report(predictor, found)

    assert "<img" not in text
    assert "no longer readable" in text


def test_the_command_writes_the_report_beside_the_figures(pictures: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")

    result = CliRunner().invoke(app, ["evaluate", str(bundle), str(pictures), "--out", str(tmp_path / "out")])

    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["evaluation.json", "report.html", "scores.npz"]


def test_scores_from_disk_give_a_report_without_pictures(pictures: Path, tmp_path: Path) -> None:
    bundle, out = make_bundle(tmp_path / "bundle"), tmp_path / "out"
    CliRunner().invoke(app, ["evaluate", str(bundle), str(pictures), "--out", str(out)])

    result = CliRunner().invoke(
        app, ["evaluate", str(bundle), "--scores", str(out / "scores.npz"), "--out", str(tmp_path / "again")]
    )

    assert result.exit_code == 0, result.output
    assert "scores on disk" in (tmp_path / "again" / "report.html").read_text()


def test_the_counts_of_verdicts_are_those_of_the_service(pictures: Path, tmp_path: Path) -> None:
    rule = DecisionRule(accept_thresholds=(0.6, 0.6, 0.6))
    predictor = load(make_bundle(tmp_path / "bundle", decision=rule, outliers=outlier_rule()))

    found = evaluate_on_data(predictor, str(pictures), Asked(), silent)

    answers = {path: predictor.predict(pictures / path) for path in found.scored.scores.ids}
    counts = Counter(answer.decision for answer in answers.values())
    verdicts = found.judgement.verdicts
    assert verdicts is not None
    assert (verdicts.accept, verdicts.review, verdicts.reject) == tuple(
        counts[name] for name in ("accept", "review", "reject")
    )
    assert min(verdicts.accept + verdicts.review, verdicts.reject) > 0


def test_files_set_aside_stand_in_the_figures_and_in_the_report(pictures: Path, tmp_path: Path) -> None:
    (pictures / LABELS[0] / "broken.png").write_text("no picture")
    bundle, out = make_bundle(tmp_path / "bundle"), tmp_path / "out"

    CliRunner().invoke(app, ["evaluate", str(bundle), str(pictures), "--out", str(out)])

    written = json.loads((out / "evaluation.json").read_text())
    assert written["quarantined_count"] == 1
    assert written["quarantined"][0]["path"] == f"{LABELS[0]}/broken.png"
    page = (out / "report.html").read_text()
    assert "1 file that was set aside" in page
    assert f"{LABELS[0]}/broken.png" in page


def test_a_folder_without_classes_is_the_users_mistake_like_a_single_picture(
    pictures: Path, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path / "bundle")

    for data in (pictures / LABELS[0], pictures / LABELS[0] / "0.png"):
        refused = CliRunner().invoke(app, ["evaluate", str(bundle), str(data)]).exception

        assert isinstance(refused, InputError)
        assert refused.exit_code == 2
