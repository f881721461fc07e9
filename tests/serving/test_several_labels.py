import httpx
import numpy as np
import pytest

from bundles import LABELS, make_bundle, tiny_graph
from pictures import encode, gradient
from servers import running
from sightline.images import preprocess_image
from sightline.inference import OnnxEngine, load, open_session
from sightline.records import DecisionRule, Temperature

PICTURE = encode(gradient())
THRESHOLDS = (0.2, 0.5, 0.9)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    rule = DecisionRule(activation="sigmoid", calibration=Temperature(value=3.0), label_thresholds=THRESHOLDS)
    return make_bundle(tmp_path_factory.mktemp("several") / "tiles", decision=rule)


@pytest.fixture(scope="module")
def client(bundle):
    with (
        running(bundle, "--threads", "2") as started,
        httpx.Client(base_url=started.url, timeout=30) as opened,
    ):
        yield opened


def test_the_answer_names_the_task_and_every_label_that_is_held_for_true(client, bundle):
    body = client.post("/v1/predict", content=PICTURE).json()

    offline = load(bundle).predict(PICTURE)
    assert body["task"] == "multilabel"
    assert body["labels"] == list(offline.labels)
    assert body["reason"] == offline.reason
    assert (body["label"], body["probability"]) == tuple(body["candidates"][0].values())


def test_the_probabilities_are_sigmoids_of_single_logits_and_do_not_sum_to_1(client, bundle):
    body = client.post("/v1/predict", content=PICTURE).json()

    pixels = preprocess_image(PICTURE, load(bundle).bundle.manifest.preprocessing)
    (logits,) = OnnxEngine(open_session(tiny_graph(), "tiny")).run(pixels[None], ["logits"])
    sigmoid = 1 / (1 + np.exp(-logits[0].astype(float) / 3.0))
    given = {one["label"]: one["probability"] for one in body["candidates"]}
    assert [given[label] for label in LABELS] == pytest.approx(sigmoid.tolist(), abs=1e-6)
    assert abs(sum(given.values()) - 1) > 0.1
    expected = {label for label, p, t in zip(LABELS, sigmoid, THRESHOLDS, strict=True) if p >= t}
    assert set(body["labels"]) == expected


def test_the_labels_are_not_cut_by_top_k(client):
    whole = client.post("/v1/predict", content=PICTURE).json()
    cut = client.post("/v1/predict?top_k=1", content=PICTURE).json()

    assert len(cut["candidates"]) == 1
    assert cut["labels"] == whole["labels"]


def test_the_model_tells_its_task_and_thresholds(client):
    model = client.get("/v1/model").json()

    assert model["task"] == "multilabel"
    assert model["decision"]["label_thresholds"] == list(THRESHOLDS)
    assert model["decision"]["calibration"] == {"kind": "temperature", "value": 3.0}


def test_an_answer_counts_under_each_of_its_labels(client):
    def counted() -> dict[str, float]:
        lines = client.get("/metrics").text.splitlines()
        rows = (line.rsplit(" ", 1) for line in lines if line.startswith("sightline_predictions_total{"))
        return {row[0].split('label="')[1].split('"')[0]: float(row[1]) for row in rows}

    labels = client.post("/v1/predict", content=PICTURE).json()["labels"]
    before = counted()
    client.post("/v1/predict", content=PICTURE)

    after = counted()
    assert labels
    assert {name: after[name] - before[name] for name in after} == dict.fromkeys(labels, 1.0)


def test_the_document_describes_labels_and_task(client):
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Prediction"]

    assert {"labels", "task"} <= set(schema["required"])
    assert schema["properties"]["task"]["enum"] == ["multiclass", "multilabel"]
