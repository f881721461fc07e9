"""Every way to send pictures, and what can be asked of their answers."""

import base64
import json

import httpx
import pytest

from bundles import CHANNELS, LABELS
from pictures import encode, gradient
from servers import running
from sightline.inference import load

PICTURE = encode(gradient())
BASE64 = base64.b64encode(PICTURE).decode()


@pytest.fixture(scope="module")
def client(bundle):
    with (
        running(bundle, "--threads", "2") as started,
        httpx.Client(base_url=started.url, timeout=30) as opened,
    ):
        yield opened


def outcome(answer):
    return (answer.status_code, answer.json()["error"]["code"])


@pytest.mark.parametrize(
    "image",
    [BASE64, f"data:image/png;base64,{BASE64}", {"data": BASE64}, {"name": "a.png", "data": BASE64}],
    ids=["base64", "data URL", "object", "with a name"],
)
def test_json_with_one_image_is_answered_like_the_raw_image(client, image):
    raw = client.post("/v1/predict", content=PICTURE).json()

    answer = client.post("/v1/predict", json={"image": image})

    assert answer.status_code == 200
    assert answer.json()["candidates"] == raw["candidates"]


def test_json_with_several_images_is_answered_one_by_one_and_large_ones_too(client):
    large = base64.b64encode(encode(gradient(600, 600), "BMP")).decode()
    images = [BASE64, {"name": "b.png", "data": base64.b64encode(b"no image").decode()}, large]

    results = client.post("/v1/predict", json={"images": images}).json()["results"]

    assert [one["index"] for one in results] == [0, 1, 2]
    assert [one["file"] for one in results] == ["", "b.png", ""]
    assert results[1]["error"]["code"] == "image_not_supported"
    assert results[2]["prediction"]["label"] in LABELS


@pytest.mark.parametrize(
    "body, words",
    [
        (b"{", "The body is no JSON"),
        (b"[" * 9_000, "The body is no JSON"),
        (b"[" * 100_000, "more than 10,000 values"),
        (b"[]", "another shape"),
        (b'{"picture": ""}', "'images' is a list of 1 to 64 pictures"),
        (b'{"images": []}', "'images' is a list of 1 to 64 pictures"),
        (json.dumps({"images": ["aa=="] * 65}).encode(), "'images' is a list of 1 to 64 pictures"),
        (b'{"image": 3}', "'image' is no picture"),
        (b'{"image": {"data": "aaaa", "url": "x"}}', "'image' is no picture"),
        (b'{"images": ["aaaa", "not base64!"]}', "'images[1]' is no base64"),
        (b"\xff\xfe", "The body is no JSON"),
    ],
)
def test_json_that_is_not_as_documented_is_told_how_it_should_be(client, body, words):
    answer = client.post("/v1/predict", content=body, headers={"content-type": "application/json"})

    assert outcome(answer) == (400, "malformed_request")
    assert words in answer.json()["error"]["message"]


def test_with_ndjson_each_result_is_a_line(client):
    images = {"images": [BASE64, base64.b64encode(b"no image").decode(), BASE64]}

    with client.stream(
        "POST", "/v1/predict", json=images, headers={"accept": "application/x-ndjson"}
    ) as answer:
        lines = [json.loads(line) for line in answer.iter_lines()]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert sorted(one["index"] for one in lines) == [0, 1, 2]
    by_index = {one["index"]: one for one in lines}
    assert by_index[1]["error"]["code"] == "image_not_supported"
    assert by_index[0]["prediction"]["label"] == by_index[2]["prediction"]["label"]


def test_no_candidate_is_below_the_threshold_and_the_answer_stays(client):
    whole = client.post("/v1/predict", content=PICTURE).json()
    middle = whole["candidates"][1]["probability"]

    cut = client.post("/v1/predict", params={"threshold": middle}, content=PICTURE).json()
    none = client.post("/v1/predict", params={"threshold": 1}, content=PICTURE).json()

    assert cut["candidates"] == whole["candidates"][:2]
    assert (none["candidates"], none["label"]) == ([], whole["label"])


def test_the_embedding_is_given_where_it_is_asked_for(client, bundle):
    usual = client.post("/v1/predict", content=PICTURE).json()
    asked = client.post("/v1/predict", params={"embedding": "true"}, content=PICTURE).json()
    alone = client.post("/v1/embed", content=PICTURE).json()
    form = client.post("/v1/embed", files=[("file", ("a.png", PICTURE)), ("file", ("b.png", b""))]).json()

    predictor = load(bundle)
    (expected,) = predictor.engine.run(predictor.prepare(PICTURE).pixels[None], ["embedding"])
    assert usual["embedding"] is None
    assert asked["embedding"] == pytest.approx(expected[0].tolist(), abs=1e-5)
    assert alone["embedding"] == asked["embedding"]
    assert len(alone["embedding"]) == CHANNELS
    assert form["results"][0]["embedding"]["embedding"] == asked["embedding"]
    assert form["results"][1]["error"]["reason"] == "empty"


@pytest.mark.parametrize("query", ["top_k=3", "explain=true"])
def test_embed_knows_its_own_parameters_only(client, query):
    assert outcome(client.post(f"/v1/embed?{query}", content=PICTURE)) == (400, "malformed_request")


def test_the_id_that_a_request_brings_comes_back_and_one_that_is_none_does_not(client):
    own = client.post("/v1/predict", content=b"bad", headers={"x-request-id": "order-17:a"})
    forged = client.post("/v1/predict", content=PICTURE, headers={"x-request-id": "a b<c>"})
    inner = client.get("/v1/models/unknown", headers={"x-request-id": "order-18"})

    assert own.headers["x-request-id"] == own.json()["error"]["request_id"] == "order-17:a"
    assert len(forged.headers["x-request-id"]) == 32
    assert inner.headers["x-request-id"] == inner.json()["error"]["request_id"] == "order-18"


@pytest.mark.parametrize("timeout", ["0", "-5", "soon", "1.5", "99999999"])
def test_a_timeout_that_is_none_is_malformed(client, timeout):
    answer = client.post("/v1/predict", content=PICTURE, headers={"x-request-timeout-ms": timeout})

    assert outcome(answer) == (400, "malformed_request")
    assert "X-Request-Timeout-Ms" in answer.json()["error"]["message"]


def test_a_model_that_is_not_there_is_named_with_those_that_are(client):
    answer = client.post("/v1/predict", params={"model": "cats"}, content=PICTURE)

    assert outcome(answer) == (404, "unknown_model")
    assert "'tiles'" in answer.json()["error"]["message"]


def test_every_example_of_the_document_works_as_it_stands(client):
    paths = client.get("/openapi.json").json()["paths"]

    for path in ("/v1/predict", "/v1/embed"):
        content = paths[path]["post"]["requestBody"]["content"]
        answer = client.post(path, json=content["application/json"]["example"])
        assert answer.status_code == 200, answer.text
