"""`Idempotency-Key`: a request that is sent again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from pictures import encode, gradient
from servers import hosted
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model

PICTURE, OTHER = encode(gradient()), encode(gradient(70, 30))
SETTINGS = ServerSettings(threads=1)


@pytest.fixture(scope="module")
def server(bundle):
    with hosted(Service([open_model(bundle, SETTINGS)], SETTINGS)) as started:
        yield started


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as opened:
        yield opened


def send(client, key, image=PICTURE, **more):
    return client.post("/v1/predict", content=image, headers={"idempotency-key": key, **more})


def test_sent_again_it_has_the_first_answer_down_to_its_id(client):
    first, again = send(client, "a"), send(client, "a", **{"x-request-id": "second"})

    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] == "second"


def test_without_a_key_and_with_another_it_is_a_new_request(client):
    ids = {send(client, key).json()["id"] for key in ("b", "c")}

    assert len(ids | {client.post("/v1/predict", content=PICTURE).json()["id"]}) == 3


def test_a_key_belongs_to_its_content(client):
    send(client, "d")

    reused = send(client, "d", OTHER)

    assert (reused.status_code, reused.json()["error"]["code"]) == (422, "idempotency_key_reused")
    elsewhere = client.post("/v1/predict?top_k=1", content=OTHER, headers={"idempotency-key": "d"})
    assert elsewhere.status_code == 200


def test_a_refusal_that_will_not_change_is_kept_too(client):
    first, again = send(client, "e", b"bad"), send(client, "e", b"bad")

    assert first.status_code == again.status_code == 415
    assert first.content == again.content


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_malformed(client, key):
    assert send(client, key).status_code == 400


def test_sent_again_before_the_first_is_answered_it_waits_and_no_work_is_done_twice(server, client):
    predictor, go, calls = server.service.models.find().predictor, threading.Event(), []
    plain = predictor.prepare

    def prepare(image, *, waited_ms=0.0, observe=None):
        calls.append(image)
        assert go.wait(60)
        return plain(image, waited_ms=waited_ms)

    predictor.prepare = prepare
    try:
        with ThreadPoolExecutor(3) as threads:
            waiting = [threads.submit(send, client, "f") for _ in range(3)]
            while not calls:
                pass
            go.set()
            bodies = {one.result().content for one in waiting}
    finally:
        predictor.prepare = plain

    assert len(bodies) == len(calls) == 1
