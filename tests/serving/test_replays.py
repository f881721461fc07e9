"""`Idempotency-Key`: a request that is sent again."""

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pictures import encode, gradient
from sightline.errors import DeadlineExceeded
from sightline.serving.exchange import Exchange
from sightline.serving.replays import Replays

PICTURE, OTHER = encode(gradient()), encode(gradient(70, 30))


@contextlib.contextmanager
def held(server):
    """Let pictures wait at the predictor: (one has come, they may go on, those that have come)."""
    predictor, begun, go, calls = (
        server.service.models.find().predictor,
        threading.Event(),
        threading.Event(),
        [],
    )
    plain = predictor.prepare

    def prepare(image, *, waited_ms=0.0, observe=None):
        calls.append(image)
        begun.set()
        assert go.wait(60)
        return plain(image, waited_ms=waited_ms)

    predictor.prepare = prepare
    try:
        yield begun, go, calls
    finally:
        go.set()
        predictor.prepare = plain


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
    with held(server) as (begun, go, calls), ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(send, client, "f") for _ in range(3)]
        assert begun.wait(60)
        go.set()
        bodies = {one.result().content for one in waiting}

    assert len(bodies) == len(calls) == 1


def test_who_waits_for_the_first_waits_no_longer_than_its_own_time(server, client):
    with held(server) as (begun, go, calls), ThreadPoolExecutor(1) as threads:
        first = threads.submit(send, client, "g")
        assert begun.wait(60)
        hurried = send(client, "g", **{"x-request-timeout-ms": "50"})
        wrong = send(client, "g", **{"x-request-timeout-ms": "soon"})
        undone = first.running()
        go.set()
        answer = first.result()
    again = send(client, "g", **{"x-request-timeout-ms": "60000"})

    assert (hurried.status_code, hurried.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert wrong.status_code == 400
    assert undone
    assert answer.status_code == 200
    assert again.content == answer.content
    assert len(calls) == 1


def test_the_usual_time_holds_for_who_waits_and_says_nothing_and_an_answer_that_is_there_is_given():
    async def run():
        replays, go = Replays(), asyncio.Event()
        first = asyncio.create_task(ask(replays, b"h", go=go))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceeded, match="time that the request allowed"):
            await replays.answer(exchange(b"h"), unwanted, 100, 5, 0.01)
        go.set()
        await first
        await replays.answer(exchange(b"h"), unwanted, 100, 5, 0.0)

    async def unwanted():
        raise AssertionError

    asyncio.run(run())


def exchange(key, query=b""):
    """A request whose body has come, and whose answer nobody reads."""

    async def receive():
        return {"type": "http.request", "body": b"picture"}

    async def send(message):
        pass

    headers = [(b"idempotency-key", key)]
    scope = {"headers": headers, "path": "/v1/predict", "query_string": query, "client": ("1.2.3.4", 5)}
    return Exchange(scope, receive, send)


async def ask(replays, key, query=b"", go=None):
    """Send a request to be answered at once, or when `go` is set; return whether it was answered by work."""
    asked, worked = exchange(key, query), []

    async def work():
        worked.append(key)
        async for _ in asked.chunks(100):
            pass
        if go is not None:
            await go.wait()
        await asked.answer(200, b"answer")

    await replays.answer(asked, work, 100, 5)
    return bool(worked)


def test_a_request_that_is_never_answered_does_not_keep_the_answers_of_others():
    async def run():
        replays, go = Replays(seconds=0.0), asyncio.Event()
        first = asyncio.create_task(ask(replays, b"slow", go=go))
        await asyncio.sleep(0)
        for number in range(100):
            await ask(replays, b"%d" % number)
        kept = len(replays._kept)
        go.set()
        await first
        return kept

    assert asyncio.run(run()) <= 1


def test_what_is_long_about_a_request_counts_too():
    async def run():
        replays = Replays(most_bytes=1_000_000)
        for number in range(100):
            await ask(replays, b"%d" % number, query=b"a" * 30_000)
        worked = await ask(replays, b"99", query=b"a" * 30_000)
        return len(replays._kept), replays._bytes, worked

    kept, size, worked = asyncio.run(run())

    assert 20 < kept < 34
    assert size <= 1_000_000
    assert not worked


def test_what_was_refused_before_its_body_had_come_is_not_kept():
    async def run():
        replays, asked = Replays(), exchange(b"early")
        await replays.answer(asked, lambda: asked.answer(400, b"refused"), 100, 5)
        return await ask(replays, b"early")

    assert asyncio.run(run())
