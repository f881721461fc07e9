"""Requests that somebody made to break the server: each has an answer that the document knows, and leaves nothing."""

import base64
import json
import resource

import pytest

from pictures import encode, gradient
from servers import wait_until

PICTURE = encode(gradient())


@pytest.fixture(autouse=True)
def nothing_is_left(server):
    yield
    service = server.service
    wait_until(lambda: service._buffered == service.line.images == service.line.waiting == 0)


def test_a_timeout_of_thousands_of_digits_is_malformed(client):
    answer = client.post("/v1/predict", content=PICTURE, headers={"x-request-timeout-ms": "1" * 5000})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")


def test_half_a_surrogate_pair_in_a_name_comes_back_as_a_question_mark(client):
    picture = base64.b64encode(PICTURE).decode()
    body = json.dumps({"images": [{"name": "a\ud800b", "data": picture}]})

    answer = client.post("/v1/predict", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["results"][0]["file"]) == (200, "a?b")


def form(file):
    head = b'--b\r\ncontent-disposition: form-data; name="f"; filename="%s"\r\n\r\n' % file
    return head + PICTURE + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    "charset, file", [("raw_unicode_escape", rb"\ud800"), ("punycode", b"-\xff99"), ("idna", b"xn--\xff")]
)
def test_a_form_in_what_only_python_calls_an_encoding_is_malformed(client, charset, file):
    headers = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}

    answer = client.post("/v1/predict", content=form(file), headers=headers)

    assert answer.status_code == 400
    assert charset in answer.json()["error"]["message"]


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", '; charset="UTF-8"'])
def test_names_of_a_form_are_utf_8(client, charset):
    headers = {"content-type": f"multipart/form-data; boundary=b{charset}"}

    answer = client.post("/v1/predict", content=form("ä".encode()), headers=headers)

    assert (answer.status_code, answer.json()["results"][0]["file"]) == (200, "ä")


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/embed", "/v2"])
def test_a_path_with_the_end_of_a_line_behind_it_is_no_path(client, path):
    answer = client.request("GET" if path == "/v2" else "POST", f"{path}%0A", content=PICTURE)

    assert answer.status_code == 404


def test_nobody_is_sent_elsewhere(client):
    """A redirect would name whatever host the request named."""
    answer = client.post("/v1/predict/", content=PICTURE, headers={"host": "elsewhere.example"})

    assert answer.status_code == 404


def test_json_of_many_values_is_refused_before_it_fills_the_memory(client):
    body = b'{"images": [' + b"[]," * 10_000_000 + b"[]]}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answer = client.post("/v1/predict", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert "10,000 values" in answer.json()["error"]["message"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024
