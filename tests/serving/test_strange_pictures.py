import httpx
import numpy as np
import pytest

from bundles import make_bundle, outlier_rule
from pictures import encode, gradient
from servers import running
from sightline.inference import load

USUAL = encode(gradient())
BLACK = encode(np.zeros((40, 40, 3), np.uint8))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("strange") / "tiles", outliers=outlier_rule())


@pytest.fixture(scope="module")
def client(bundle):
    with (
        running(bundle, "--threads", "2") as started,
        httpx.Client(base_url=started.url, timeout=30) as opened,
    ):
        yield opened


@pytest.mark.parametrize("picture, verdict", [(USUAL, "accept"), (BLACK, "reject")], ids=["usual", "black"])
def test_the_verdict_its_reason_and_the_score_are_those_of_the_bundle(client, bundle, picture, verdict):
    body = client.post("/v1/predict", content=picture).json()

    offline = load(bundle).predict(picture)
    assert body["decision"] == verdict
    assert body["reason"] == offline.reason
    assert body["outlier_score"] == pytest.approx(offline.outlier_score, abs=1e-5)
    assert body["neighbours"] is None


def test_neighbours_are_those_of_the_bundle(client, bundle):
    body = client.post("/v1/predict?neighbours=2", content=USUAL).json()

    offline = load(bundle).predict(USUAL, neighbours=2).neighbours
    assert [one["id"] for one in body["neighbours"]] == [one.id for one in offline]
    assert body["neighbours"][0]["labels"] == ["crack"]
    assert set(body["neighbours"][0]) == {"id", "sha256", "labels", "distance"}


def test_the_files_of_a_form_have_neighbours_too(client):
    answer = client.post("/v1/predict?neighbours=1", files=[("file", ("a.png", USUAL))])

    assert len(answer.json()["results"][0]["prediction"]["neighbours"]) == 1


@pytest.mark.parametrize("count", [-1, 101, "many"])
def test_a_number_of_neighbours_out_of_range_is_malformed(client, count):
    answer = client.post(f"/v1/predict?neighbours={count}", content=USUAL)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")


def test_the_model_says_what_it_rejects(client):
    rule = client.get("/v1/model").json()["decision"]["outliers"]

    assert (rule["kind"], rule["threshold"]) == ("mahalanobis", 1.0)


def test_rejected_pictures_are_counted(bundle):
    with (
        running(bundle, "--threads", "1") as started,
        httpx.Client(base_url=started.url, timeout=30) as client,
    ):
        label = client.post("/v1/predict", content=BLACK).json()["label"]
        client.post("/v1/predict", content=USUAL)
        metrics = client.get("/metrics").text

    assert f'sightline_predictions_total{{decision="reject",label="{label}",model="tiles"}} 1.0' in metrics
    assert 'sightline_outlier_score_count{model="tiles"} 2.0' in metrics
