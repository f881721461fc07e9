import base64
import json

import httpx
import pytest

from bundles import LABELS, SIDE
from pictures import encode, gradient
from sightline.bundle import read_manifest
from sightline.images import preprocess_image
from sightline.serving.v2.routes import find_route

PICTURE = encode(gradient())
INFER = "/v2/models/tiles/infer"


def in_json(*pictures, **more):
    data = [base64.b64encode(one).decode() for one in pictures]
    return {"inputs": [{"name": "image", "shape": [len(data)], "datatype": "BYTES", "data": data}], **more}


def outputs_of(answer):
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}


def test_json_is_answered_like_our_own_api(client):
    ours = client.post("/v1/predict", content=PICTURE).json()

    answer = client.post(INFER, json=in_json(PICTURE, id="abc"))

    found = outputs_of(answer)
    assert answer.status_code == 200
    assert {answer.json()[key] for key in ("id", "model_name")} == {"abc", "tiles"}
    assert found["label"] == [ours["label"]]
    assert found["decision"] == [ours["decision"]]
    assert found["probability"] == pytest.approx([ours["probability"]], abs=1e-6)
    assert found["outlier_score"] == pytest.approx([ours["outlier_score"]], rel=1e-5)
    candidates = {one["label"]: one["probability"] for one in ours["candidates"]}
    assert found["probabilities"] == pytest.approx([candidates[label] for label in LABELS], abs=1e-6)
    own = json.loads(found["prediction"][0])
    assert {**own, "id": "", "timings": ""} == {**ours, "id": "", "timings": ""}
    embedded = client.post("/v1/embed", content=PICTURE).json()["embedding"]
    assert found["embedding"] == pytest.approx(embedded, rel=1e-6)


def test_pixels_are_answered_like_the_picture_they_are_of(client, strange_bundle):
    spec = read_manifest(strange_bundle)[1].preprocessing
    pixels = preprocess_image(PICTURE, spec)
    request = {
        "inputs": [
            {
                "name": "images",
                "shape": [1, SIDE, SIDE, 3],
                "datatype": "UINT8",
                "parameters": {"binary_data_size": pixels.size},
            }
        ]
    }
    head = json.dumps(request).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}

    answer = client.post(INFER, content=head + pixels.tobytes(), headers=headers)

    expected = outputs_of(client.post(INFER, json=in_json(PICTURE)))
    assert outputs_of(answer)["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)


def test_the_classes_of_an_output_are_named_best_first(client):
    asked = [{"name": "probabilities", "parameters": {"classification": 9}}]

    (output,) = client.post(INFER, json=in_json(PICTURE, PICTURE, outputs=asked)).json()["outputs"]

    assert (output["datatype"], output["shape"]) == ("BYTES", [2, 3])
    values = [one.split(":") for one in output["data"][:3]]
    assert [float(value) for value, _, _ in values] == sorted((float(v) for v, _, _ in values), reverse=True)
    assert all(LABELS[int(index)] == label for _, index, label in values)


@pytest.mark.parametrize(
    "method, path, status, code",
    [
        ("GET", "/v2/nothing", 404, "http_error"),
        ("GET", "/v2/models/tiles/infer", 405, "http_error"),
        ("POST", "/v2/models/tiles/ready", 405, "http_error"),
        ("DELETE", "/v2", 405, "http_error"),
        ("GET", "/v2/models/other", 404, "unknown_model"),
        ("GET", "/v2/models/tiles/versions/1", 404, "unknown_model"),
        ("POST", "/v2/models/tiles/versions/1/infer", 404, "unknown_model"),
        ("POST", "/v2/models/tiles/infer", 400, "malformed_request"),
    ],
)
def test_errors_have_the_protocols_shape_and_our_code(client, method, path, status, code):
    answer = client.request(method, path)

    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert answer.headers["sightline-error-code"] == code
    assert answer.headers["x-request-id"]


def test_a_bad_picture_among_several_fails_the_request_and_is_named(client):
    answer = client.post(INFER, json=in_json(PICTURE, PICTURE[:-20]))

    assert answer.status_code == 422
    assert answer.json()["error"].startswith("Picture 1 of 2, counted from 0: ")
    assert answer.headers["sightline-error-reason"] == "truncated"


@pytest.mark.parametrize("model, status", [("tiles", 200), ("other", 404)])
def test_a_request_sent_again_has_the_answer_of_the_first(client, model, status):
    def ask():
        path, headers = f"/v2/models/{model}/infer", {"idempotency-key": "v2"}
        return client.post(path, json=in_json(PICTURE), headers=headers)

    first, second = ask(), ask()

    assert (first.status_code, second.status_code) == (status, status)
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"


def test_a_compressed_body_is_refused_by_name(client):
    answer = client.post(INFER, content=b"x", headers={"content-encoding": "gzip"})

    assert answer.status_code == 400
    assert "Content-Encoding" in answer.json()["error"]


def test_a_timeout_in_microseconds_is_kept(client):
    answer = client.post(INFER, json=in_json(PICTURE, parameters={"timeout": 1}))

    assert answer.status_code == 504
    assert answer.headers["sightline-error-code"] == "deadline_exceeded"


def test_the_version_in_service_can_be_pinned(client, strange_bundle):
    (version,) = client.get("/v2/models/tiles").json()["versions"]
    identity = client.get("/v1/model").json()["bundle_id"]

    assert int(version) == int(identity[:12], 16)
    for pinned in (version, identity[:12], identity):
        path = f"/v2/models/tiles/versions/{pinned}/infer"
        assert client.post(path, json=in_json(PICTURE)).json()["model_version"] == version


def test_health_metadata_and_index_say_what_there_is(client):
    assert client.get("/v2").json()["name"] == "sightline"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.head("/v2/health/ready").status_code == 200
    assert client.get("/v2/models/tiles/ready").json() == {"name": "tiles", "ready": True}
    described = client.get("/v2/models/tiles").json()
    config = client.get("/v2/models/tiles/config").json()
    assert [one["name"] for one in described["outputs"]] == [one["name"] for one in config["output"]]
    assert described["inputs"][1]["shape"] == [-1, *config["input"][1]["dims"]] == [-1, SIDE, SIDE, 3]
    (entry,) = client.post("/v2/repository/index", json={"ready": True}).json()
    assert (entry["name"], entry["state"]) == ("tiles", "READY")
    assert client.post("/v2/repository/index", content=b"[]").status_code == 400


def test_statistics_count_pictures_calls_and_requests(client):
    def stats():
        (one,) = client.get("/v2/models/tiles/stats").json()["model_stats"]
        return one

    before = stats()
    client.post(INFER, json=in_json(PICTURE, PICTURE, PICTURE))
    client.post("/v1/predict", content=PICTURE)
    client.post(INFER, json=in_json(b"no picture"))
    after = stats()

    def grown(*names):
        old, new = before, after
        for name in names:
            old, new = old[name], new[name]
        return new - old

    assert client.get("/v2/models/stats").json()["model_stats"] == [after]
    assert grown("inference_count") == 4
    assert 2 <= grown("execution_count") <= 4
    assert grown("inference_stats", "success", "count") == 2
    assert grown("inference_stats", "fail", "count") == 1
    assert grown("inference_stats", "compute_infer", "ns") > 0
    assert (
        sum(one["batch_size"] * one["compute_infer"]["count"] for one in after["batch_stats"])
        == (after["inference_count"])
    )
    assert after["last_inference"] > before["last_inference"] - 1


def test_metrics_know_paths_by_their_pattern():
    assert (
        find_route("POST", "/v2/models/a/versions/b/infer")[0]
        == "/v2/models/{model}/versions/{version}/infer"
    )
    assert find_route("GET", "/v2/models/a/anything")[0] == "/v2/unknown"


def test_the_openapi_document_has_the_protocol(client):
    paths = client.get("/openapi.json").json()["paths"]

    assert "post" in paths["/v2/models/{model}/infer"]
    assert "get" in paths["/v2/health/ready"]


def test_a_body_that_goes_on_and_on_is_cut_off(server):
    def endless():
        for _ in range(80):
            yield b"x" * 1024 * 1024

    answer = httpx.post(f"{server.url}{INFER}", content=endless(), timeout=60)

    assert answer.status_code == 413
    assert "limit" in answer.json()["error"]
