"""`explain=true` through a real server."""

import io
import json
import re

import httpx
import numpy as np
import pytest
from PIL import Image

from bundles import LABELS
from pictures import encode, gradient
from servers import running
from sightline.inference import draw_overlay, explain, load

PICTURE = encode(gradient())


@pytest.fixture(scope="module")
def client(bundle):
    with (
        running(bundle, "--threads", "2", "--max-images", "8") as server,
        httpx.Client(base_url=server.url, timeout=60) as opened,
    ):
        yield opened


def ask(client, content=PICTURE, **parameters):
    return client.post("/v1/predict", params={"explain": "true", **parameters}, content=content)


def test_the_overlay_is_the_body_and_the_answer_a_header(client, bundle):
    answer = ask(client)

    offline = explain(load(bundle), PICTURE)
    said = json.loads(answer.headers["sightline-prediction"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), draw_overlay(offline))
    assert said["label"] == offline.label
    assert said["probability"] == pytest.approx(offline.probability, abs=1e-6)
    assert len(answer.headers["x-request-id"]) == 32


def test_the_header_has_the_shape_of_the_usual_answer(client):
    plain = client.post("/v1/predict", content=PICTURE).json()

    said = json.loads(ask(client).headers["sightline-prediction"])

    assert said.keys() == plain.keys()
    assert said["candidates"] == plain["candidates"]


def test_the_explanation_says_how_and_where(client):
    said = json.loads(ask(client).headers["sightline-explanation"])

    assert (said["method"], said["exact"]) == ("rise", False)
    assert said["picture_px"] == [64, 48]
    assert said["seen_px"] == pytest.approx([11, 3, 53, 45])
    assert 0 <= said["peak_px"][0] <= 64
    assert 0 <= said["peak_px"][1] <= 48


def test_the_faster_method_can_be_asked_for(client):
    said = json.loads(ask(client, method="class_activation").headers["sightline-explanation"])

    assert (said["method"], said["exact"]) == ("class_activation", True)


def test_another_label_than_the_answer_can_be_explained(client):
    answer = ask(client, label="hole")

    assert json.loads(answer.headers["sightline-explanation"])["label"] == "hole"
    assert json.loads(answer.headers["sightline-prediction"])["label"] != "hole"


def test_the_time_of_the_explanation_is_told_and_counted(client):
    timing = ask(client).headers["server-timing"]

    stages = [part.split(";dur=")[0] for part in timing.split(", ")]
    assert stages == ["queue", "decode", "preprocess", "infer", "decide", "explain"]
    counted = r'sightline_stage_seconds_count\{model="[^"]+",stage="explain"\} [1-9]'
    assert re.search(counted, client.get("/metrics").text)


def test_explain_false_is_the_usual_answer(client):
    answer = client.post("/v1/predict", params={"explain": "false"}, content=PICTURE)

    assert answer.json()["label"] in LABELS
    assert "sightline-prediction" not in answer.headers


def test_a_form_cannot_be_explained(client):
    answer = client.post("/v1/predict", params={"explain": "true"}, files={"file": ("a.png", PICTURE)})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "malformed_request")
    assert "send one image as the body" in error["message"]


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"explain": "true", "label": "rust"}, "no label 'rust'"),
        ({"explain": "true", "top_k": "21"}, "top_k up to 20"),
        ({"label": "hole"}, "belongs to explain=true"),
        ({"explain": "true", "neighbours": "3"}, "names no neighbours"),
        ({"explain": "perhaps"}, "explain"),
    ],
    ids=["unknown label", "too many candidates", "label alone", "neighbours as well", "no truth value"],
)
def test_parameters_that_make_no_sense_are_malformed(client, parameters, words):
    answer = client.post("/v1/predict", params=parameters, content=PICTURE)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "malformed_request")
    assert words in error["message"]


@pytest.mark.parametrize(
    "body, status, reason",
    [(b"", 422, "empty"), (b"no image", 415, "format_not_allowed"), (PICTURE[:-20], 422, "truncated")],
    ids=["empty", "no image", "cut off"],
)
def test_a_bad_image_has_the_usual_error(client, body, status, reason):
    answer = ask(client, body)

    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)


def test_the_openapi_document_describes_the_overlay_and_its_headers(client):
    operation = client.get("/openapi.json").json()["paths"]["/v1/predict"]["post"]

    assert {"image/png", "application/json"} <= set(operation["responses"]["200"]["content"])
    assert {"Sightline-Prediction", "Sightline-Explanation"} <= set(operation["responses"]["200"]["headers"])
    names = {one["name"] for one in operation["parameters"]}
    assert {"top_k", "explain", "label", "method", "neighbours", "X-Request-Timeout-Ms"} <= names
