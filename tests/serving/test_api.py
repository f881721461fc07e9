import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bundles import LABELS, make_bundle
from pictures import encode, gradient
from servers import running
from sightline.inference import load

PICTURE = encode(gradient())


@pytest.fixture(scope="module")
def server(bundle):
    with running(bundle, "--threads", "2", "--max-images", "8") as started:
        yield started


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=30) as opened:
        yield opened


def test_a_raw_image_is_answered_like_offline(client, bundle):
    answer = client.post("/v1/predict", content=PICTURE, headers={"content-type": "image/png"})

    offline = load(bundle).predict(PICTURE)
    body = answer.json()
    assert answer.status_code == 200
    assert body["label"] == offline.label
    assert body["probability"] == pytest.approx(offline.probability, abs=1e-6)
    assert body["bundle_id"] == offline.bundle_id
    assert body["decision"] == "accept"
    assert set(body["timings"]) == {"queue_ms", "decode_ms", "preprocess_ms", "infer_ms", "decide_ms"}


@pytest.mark.parametrize(
    "content_type", ["", "application/octet-stream", "application/x-www-form-urlencoded"]
)
def test_the_content_decides_whatever_its_type_says(client, content_type):
    headers = {"content-type": content_type} if content_type else {}

    assert client.post("/v1/predict", content=PICTURE, headers=headers).json()["label"] in LABELS


def test_a_form_is_answered_file_by_file_in_order(client):
    files = [("file", ("b.png", PICTURE)), ("other", ("bad.jpg", b"no image")), ("file", ("a.png", PICTURE))]

    answer = client.post("/v1/predict", files=files)

    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [result["file"] for result in results] == ["b.png", "bad.jpg", "a.png"]
    assert results[0]["prediction"]["candidates"] == results[2]["prediction"]["candidates"]
    assert results[1]["prediction"] is None
    assert results[1]["error"]["reason"] == "format_not_allowed"


def test_a_form_of_bad_files_only_has_their_status(client):
    answer = client.post("/v1/predict", files=[("file", ("cut.png", PICTURE[:-20]))])

    assert answer.status_code == 422
    assert answer.json()["results"][0]["error"]["code"] == "image_damaged"


@pytest.mark.parametrize("count", [0, 100])
def test_a_form_without_files_or_with_too_many_is_malformed(client, count):
    files = [("file", (f"{i}.png", b"x")) for i in range(count)] or {"note": (None, "no file")}

    answer = client.post("/v1/predict", files=files)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")


def test_a_form_that_does_not_parse_is_malformed(client):
    answer = client.post(
        "/v1/predict", content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data"}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")


@pytest.mark.parametrize(
    "body, status, code, reason",
    [
        (b"", 422, "image_damaged", "empty"),
        (b"text, not an image", 415, "image_not_supported", "format_not_allowed"),
        (PICTURE[:-20], 422, "image_damaged", "truncated"),
        (PICTURE + b"PK\3\4 more", 422, "image_damaged", "trailing_data"),
    ],
)
def test_a_bad_image_has_its_status_code_and_reason(client, body, status, code, reason):
    answer = client.post("/v1/predict", content=body)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["reason"]) == (status, code, reason)
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["message"]


def test_too_many_bytes_are_refused_declared_or_not(tmp_path):
    with running(make_bundle(tmp_path / "small", max_bytes=10_000)) as small:
        declared = httpx.post(f"{small.url}/v1/predict", content=b"x" * 10_001)
        streamed = httpx.post(f"{small.url}/v1/predict", content=(b"x" * 1_000 for _ in range(12)))
        in_a_form = httpx.post(f"{small.url}/v1/predict", files={"file": ("a.png", b"x" * 10_001)})

    assert (declared.status_code, declared.json()["error"]["code"]) == (413, "body_too_large")
    assert (streamed.status_code, streamed.json()["error"]["code"]) == (413, "body_too_large")
    assert (in_a_form.status_code, in_a_form.json()["results"][0]["error"]["reason"]) == (
        413,
        "too_many_bytes",
    )


def test_server_timing_names_every_stage(client):
    header = client.post("/v1/predict", content=PICTURE).headers["server-timing"]

    stages = {part.split(";dur=")[0]: float(part.split(";dur=")[1]) for part in header.split(", ")}
    assert list(stages) == ["queue", "decode", "preprocess", "infer", "decide"]
    assert all(value >= 0 for value in stages.values())
    assert stages["infer"] > 0


@pytest.mark.parametrize("top_k, expected", [("1", 1), ("2", 2), ("99", 3)])
def test_top_k_limits_the_candidates(client, top_k, expected):
    answer = client.post("/v1/predict", params={"top_k": top_k}, content=PICTURE)

    assert len(answer.json()["candidates"]) == expected


@pytest.mark.parametrize(
    "query, words",
    [
        ("topk=3", "There is no parameter 'topk'. Did you mean top_k?"),
        ("TOP_K=3", "Did you mean top_k?"),
        (
            "top_k=3&colour=red",
            "There is no parameter 'colour'. Parameters are: model, top_k,",
        ),
        ("top_k=3&top_k=2", "top_k is given 2 times; give it once."),
        (
            "top_k=3&top_k=3&neighbour=2",
            "top_k is given 2 times; give it once. There is no parameter 'neighbour'.",
        ),
        ("=1", "There is no parameter ''."),
        (f"{'x' * 5000}=1", f"There is no parameter '{'x' * 40}'."),
    ],
    ids=["misspelt", "in capitals", "unknown", "twice", "several mistakes", "without a name", "long"],
)
def test_a_parameter_that_is_unknown_or_given_twice_is_told_with_those_there_are(client, query, words):
    answer = client.post(f"/v1/predict?{query}", content=PICTURE)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "malformed_request")
    assert words in error["message"]
    names = "model, top_k, threshold, neighbours, embedding, explain, label, method"
    assert f"Parameters are: {names}." in error["message"]


@pytest.mark.parametrize("top_k", ["0", "-1", "many"])
def test_a_bad_parameter_is_malformed(client, top_k):
    answer = client.post("/v1/predict", params={"top_k": top_k}, content=PICTURE)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")
    assert "top_k" in answer.json()["error"]["message"]


def test_the_model_describes_itself(client, bundle):
    body = client.get("/v1/model").json()

    assert body["labels"] == list(LABELS)
    assert body["bundle_id"] == json.loads((bundle / "bundle.json").read_text())["id"]
    assert body["preprocessing"]["width_px"] == 32


def test_health_is_told(client):
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.head("/readyz").status_code == 200


def test_an_unknown_path_and_method_have_the_usual_error_shape(client):
    assert client.get("/nowhere").json()["error"]["code"] == "http_error"
    assert client.get("/v1/predict").status_code == 405


def test_metrics_count_answers_refusals_and_stages(client):
    client.post("/v1/predict", content=PICTURE)
    client.post("/v1/predict", content=b"")

    text = client.get("/metrics").text

    assert 'sightline_predictions_total{decision="accept",label="' in text
    assert 'sightline_refusals_total{code="empty"}' in text
    assert 'sightline_stage_seconds_bucket{le="0.01",model="tiles",stage="infer"}' in text
    assert 'sightline_http_requests_total{route="/v1/predict",status="422"}' in text
    assert "sightline_ready 1.0" in text
    assert "sightline_images_in_flight 0.0" in text


def test_the_openapi_document_describes_both_bodies_and_all_errors(client):
    operation = client.get("/openapi.json").json()["paths"]["/v1/predict"]["post"]

    assert {"image/*", "multipart/form-data"} <= set(operation["requestBody"]["content"])
    assert {"200", "408", "413", "415", "422", "429", "500", "503"} <= set(operation["responses"])


def test_the_docs_page_needs_no_network(client):
    page = client.get("/docs").text

    addresses = [part.split('"')[0] for part in page.split('src="')[1:] + page.split('href="')[1:]]
    assert addresses
    assert not any("//" in address for address in addresses)
    assert all(client.get(f"/{address}").status_code == 200 for address in addresses)


def test_many_at_once_each_get_their_own_answer(client, bundle):
    predictor = load(bundle)
    pictures = [encode(gradient(20 + i, 60 - i)) for i in range(30)]
    expected = [predictor.predict(picture).probability for picture in pictures]

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda picture: client.post("/v1/predict", content=picture), pictures))

    assert [answer.json()["probability"] for answer in answers] == pytest.approx(expected, abs=1e-6)


def test_beyond_its_limit_the_server_says_so_at_once(client):
    answer = client.post("/v1/predict", files=[("file", (f"{i}.png", PICTURE)) for i in range(9)])

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "overloaded")
    assert answer.headers["retry-after"] == "1"


def raw_connection(url):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_a_client_that_goes_away_is_no_error_of_the_server(server, client):
    for _ in range(5):
        with raw_connection(server.url) as connection:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
    deadline = time.monotonic() + 30
    while 'status="499"} 5.0' not in (text := client.get("/metrics").text):
        assert time.monotonic() < deadline, text

    assert "sightline_images_in_flight 0.0" in text
    assert 'code="internal_error"' not in text
    assert "Traceback" not in "".join(server.log)


def test_a_body_that_does_not_arrive_loses_its_place(bundle):
    with (
        running(bundle, "--max-images", "2", "--body-timeout", "0.5") as server,
        contextlib.ExitStack() as opened,
    ):
        stalled = [opened.enter_context(raw_connection(server.url)) for _ in range(2)]
        for connection in stalled:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        for connection in stalled:
            answer = b""
            while b"request_id" not in answer:
                received = connection.recv(4096)
                assert received, answer
                answer += received
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"body_timeout" in answer

        assert httpx.post(f"{server.url}/v1/predict", content=PICTURE).status_code == 200
