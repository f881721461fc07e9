import json
import os
import subprocess
import sys

import pytest

from bundles import make_bundle
from multilabel import write_pictures
from servers import running
from sightline.dataset import read_dataset
from sightline.errors import DatasetError, InputError
from sightline.evaluation import MultilabelEvaluation
from sightline.inference import load
from sightline.lifecycle import RemoteServer, compare_with_server, judge
from sightline.records import DecisionRule, Temperature

RULE = DecisionRule(
    activation="sigmoid", calibration=Temperature(value=2.0), label_thresholds=(0.3, 0.5, 0.6)
)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("several") / "tiles", decision=RULE)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("data") / "pictures")


def sightline(*arguments):
    command = [sys.executable, "-m", "sightline", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True, env=wide).stdout


def test_the_task_of_the_bundle_decides_how_it_is_judged(several, pictures):
    judged = judge(load(several), read_dataset(pictures))

    assert isinstance(judged.evaluation, MultilabelEvaluation)
    assert judged.scores.targets.shape == (12, 3)
    assert judged.scores.targets[0].tolist() == [0, 0, 0]
    assert [one.threshold for one in judged.evaluation.per_label] == [0.3, 0.5, 0.6]


def test_a_bundle_of_one_label_does_not_take_pictures_of_several(bundle, pictures):
    with pytest.raises(DatasetError, match=r"'00\.png' has no label where one is needed"):
        judge(load(bundle), read_dataset(pictures))


def test_a_server_of_the_same_bundle_agrees(several, pictures):
    predictor = load(several)
    judged = judge(predictor, read_dataset(pictures))

    with running(several) as server:
        agreement = compare_with_server(judged, predictor, RemoteServer(server.url))

    assert agreement.holds
    assert agreement.images == 12


def test_other_thresholds_alone_are_a_difference_of_labels(several, pictures, tmp_path):
    predictor = load(several)
    judged = judge(predictor, read_dataset(pictures))
    stricter = make_bundle(
        tmp_path / "stricter", decision=RULE.model_copy(update={"label_thresholds": (1.0, 1.0, 1.0)})
    )

    with running(stricter) as server:
        agreement = compare_with_server(judged, predictor, RemoteServer(server.url))

    assert not agreement.holds
    assert agreement.max_probability_difference < 1e-6
    assert len(agreement.differing) == 12


def test_a_server_of_the_other_task_is_named(several, bundle, pictures):
    predictor = load(several)
    judged = judge(predictor, read_dataset(pictures))

    with (
        running(bundle) as server,
        pytest.raises(InputError, match="answers multiclass; the bundle is multilabel"),
    ):
        compare_with_server(judged, predictor, RemoteServer(server.url))


def test_evaluate_prints_average_precisions_and_thresholds(several, pictures):
    shown = sightline("evaluate", several, pictures)
    report = json.loads(sightline("evaluate", several, pictures, "--json"))

    assert "12 images" in shown
    assert "mAP" in shown
    assert "all labels right" in shown
    for word in ("crack", "AP", "threshold", "0.300"):
        assert word in shown
    assert report["evaluation"]["per_label"][0]["threshold"] == 0.3
    assert 0 < report["evaluation"]["map"] <= 1


def test_predict_lists_all_labels_in_every_form(several, pictures):
    rows = [json.loads(line) for line in sightline("predict", several, pictures, "--json").splitlines()]
    table = sightline("predict", several, pictures)
    header, first, *_ = sightline("predict", several, pictures, "--csv").splitlines()

    assert all(row["task"] == "multilabel" for row in rows)
    assert header == "file,label,probability,labels,decision,outlier_score,error"
    assert first.split(",")[3] == "|".join(rows[0]["labels"])
    assert "most probable" in table
    assert ", ".join(rows[0]["labels"]) in table


def test_show_tells_task_activation_and_thresholds(several, tmp_path):
    plain = make_bundle(tmp_path / "plain", decision=DecisionRule(activation="sigmoid"))

    assert "sigmoid, temperature 2.000; thresholds: 0.300 to 0.600, one a label" in sightline("show", several)
    assert "multilabel, 3 labels" in sightline("show", several)
    assert "none chosen, 0.5 for every label" in sightline("show", plain)
