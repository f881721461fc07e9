"""Explanations and predictions on the same workers, through a real server whose work the test holds and lets go."""

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from pictures import encode, gradient
from sightline.inference import load
from sightline.serving import ServerSettings, Service, service
from sightline.serving.app import create_app
from sightline.serving.turns import Turns

PICTURE = encode(gradient())
HELD = encode(gradient(40, 40))


class Held:
    """Stands before what does the work: notes what begins, in order, and waits to be let go."""

    def __init__(self, inner, name, begun):
        self.inner, self.name, self.begun = inner, name, begun
        self.go = threading.Event()

    def explain(self, *arguments, **options):
        return self._do(self.inner.explain, *arguments, **options)

    def predict(self, image, **options):
        return self._do(self.inner.predict, image, hold=image == HELD, **options)

    def _do(self, work, *arguments, hold=True, **options):
        self.begun.append(self.name)
        if hold:
            assert self.go.wait(60)
        return work(*arguments, **options)

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Server:
    def __init__(self, service, begun, client, threads):
        self.service, self.begun, self.client, self.threads = service, begun, client, threads
        self.explainer, self.predictor = service.explainer, service.predictor

    def send(self, content=PICTURE, **parameters):
        return self.threads.submit(self.client.post, "/v1/predict", params=parameters, content=content)

    def explain(self):
        return self.send(explain="true")


@pytest.fixture
def running(bundle, monkeypatch):
    with contextlib.ExitStack() as opened:

        def start(**settings):
            begun = []
            plain = service.open_explainer
            monkeypatch.setattr(
                service, "open_explainer", lambda one: Held(plain(one.inner), "explain", begun)
            )
            own = Service(Held(load(bundle, threads=1), "predict", begun), ServerSettings(**settings))
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            server = uvicorn.Server(uvicorn.Config(create_app(own), log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            opened.callback(thread.join)
            opened.callback(setattr, server, "should_exit", True)
            wait_for(lambda: own.state == "ready")
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            client = opened.enter_context(httpx.Client(base_url=url, timeout=60))
            made = Server(own, begun, client, opened.enter_context(ThreadPoolExecutor(8)))
            opened.callback(made.explainer.go.set)
            opened.callback(made.predictor.go.set)
            return made

        yield start


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_of_two_workers_one_is_left_for_predictions(running):
    server = running(workers=2)
    explanations = [server.explain() for _ in range(3)]
    wait_for(lambda: server.service._in_flight == 3 and server.begun)

    answers = [server.send().result().status_code for _ in range(3)]

    assert answers == [200] * 3
    assert server.begun.count("explain") == 1
    server.explainer.go.set()
    assert [one.result().status_code for one in explanations] == [200] * 3


def test_on_one_worker_an_explanation_waits_behind_predictions_that_came_after_it(running):
    server = running(workers=1)
    first = server.send(HELD)
    wait_for(lambda: server.begun)
    explanation = server.explain()
    wait_for(lambda: server.service._explaining == 1)
    second = server.send()
    wait_for(lambda: server.service.turns.predictions == 2)

    server.explainer.go.set()
    server.predictor.go.set()

    assert {one.result().status_code for one in (first, second, explanation)} == {200}
    assert server.begun == ["predict", "predict", "explain"]


@pytest.mark.parametrize(
    "settings", [{"max_explanations": 2}, {"max_images": 4}], ids=["their own limit", "half of all"]
)
def test_beyond_their_bound_explanations_are_refused_and_predictions_are_not(running, settings):
    server = running(workers=2, **settings)
    waiting = [server.explain() for _ in range(2)]
    wait_for(lambda: server.service._explaining == 2)

    refused, answered = server.explain().result(), server.send().result()

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert answered.status_code == 200
    server.explainer.go.set()
    assert {one.result().status_code for one in waiting} == {200}


def test_an_explanation_lets_no_more_predictions_pass_than_its_patience():
    async def passed():
        turns, done = Turns(workers=1, patience=3), []

        async def explain():
            async with turns.explanation():
                done.append("explained")

        with turns.prediction():  # there always is one
            waiting = asyncio.create_task(explain())
            for _ in range(5):
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                with turns.prediction():
                    done.append("answered")
            await asyncio.wait_for(waiting, 60)
        return done

    assert asyncio.run(passed()) == ["answered"] * 3 + ["explained"] + ["answered"] * 2
