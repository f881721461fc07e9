"""Several models, and one taken in another's place while requests come."""

import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from bundles import make_bundle, reseal
from pictures import encode, gradient
from servers import hosted, wait_until
from sightline.errors import BundleError, InputError
from sightline.inference import Predictor, load
from sightline.records import DecisionRule, Temperature
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model, with_batch_size

PICTURES = [encode(gradient(40 + number, 60)) for number in range(16)]
SETTINGS = ServerSettings(threads=2)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The same graph with another temperature: other probabilities of the same pictures."""
    rule = DecisionRule(calibration=Temperature(value=4.0))
    return make_bundle(tmp_path_factory.mktemp("other") / "tiles", decision=rule)


@pytest.fixture
def server(bundle):
    with hosted(Service([open_model(bundle, SETTINGS)], SETTINGS)) as started:
        yield started


@pytest.mark.parametrize("by_hand, company", [(None, 4), (1, 1), (8, 8)])
def test_rows_are_of_four_unless_the_batch_size_is_set_by_hand(bundle, by_hand, company):
    settings = ServerSettings(max_batch_size=by_hand)

    model = with_batch_size(open_model(bundle, settings), settings)

    assert model.company == company
    assert model.batch_size == by_hand or by_hand is None
    assert model.batch_size <= model.company


def test_with_openvino_which_computes_on_its_own_threads_there_is_one_more(bundle):
    model = open_model(bundle, SETTINGS)
    manifest = model.bundle.manifest
    variants = {"float32": manifest.variants["float32"].model_copy(update={"engine": "openvino"})}
    changed = replace(model.bundle, manifest=manifest.model_copy(update={"variants": variants}))
    quicker = replace(model, predictor=Predictor(changed, model.predictor.engine))

    assert Service([model], ServerSettings()).threads == os.cpu_count()
    assert Service([model, quicker], ServerSettings()).threads == os.cpu_count() + 1
    assert Service([quicker], SETTINGS).threads == 2


def predict(url, image, **parameters):
    return httpx.post(f"{url}/v1/predict", content=image, params=parameters, timeout=60)


def test_each_name_has_its_own_model_and_the_first_answers_where_none_is_named(bundle, other):
    settings = ServerSettings(threads=2, max_batch_size=1)  # else it is measured between the two questions
    models = [open_model(bundle, settings, "a"), open_model(other, settings, "b")]
    with hosted(Service(models, settings)) as server:
        answers = [
            predict(server.url, PICTURES[0], **named).json() for named in ({}, {"model": "a"}, {"model": "b"})
        ]
        listed = httpx.get(f"{server.url}/v1/models").json()["models"]
        one = httpx.get(f"{server.url}/v1/models/b").json()
        info = httpx.get(f"{server.url}/metrics").text

    ids = [load(path).bundle.id for path in (bundle, bundle, other)]
    assert [answer["bundle_id"] for answer in answers] == ids
    assert [model["name"] for model in listed] == ["a", "b"]
    assert one == listed[1]
    assert f'bundle_id="{ids[2]}"' in info


def test_while_one_model_takes_anothers_place_every_answer_is_that_of_one_of_them(server, bundle, other):
    expected = {
        predictor.bundle.id: [predictor.predict(image).probability for image in PICTURES]
        for predictor in (load(bundle), load(other))
    }
    stop, seen = threading.Event(), []

    def ask():
        with httpx.Client(base_url=server.url, timeout=60) as client:
            while not stop.is_set():
                for place, image in enumerate(PICTURES):
                    answer = client.post("/v1/predict", content=image)
                    assert answer.status_code == 200, answer.text
                    seen.append((place, answer.json()))

    with ThreadPoolExecutor(4) as threads:
        askers = [threads.submit(ask) for _ in range(4)]
        try:
            for path in (other, bundle) * 4:
                server.call(server.service.load(path, "tiles"))
                time.sleep(0.05)
        finally:
            stop.set()
        for asker in askers:
            asker.result()

    assert {answer["bundle_id"] for _, answer in seen} == set(expected)
    for place, answer in seen:
        assert answer["probability"] == pytest.approx(expected[answer["bundle_id"]][place], abs=1e-6)


@pytest.mark.parametrize("kind", ["not there", "damaged", "other answers"])
def test_what_cannot_be_loaded_leaves_the_old_one_answering(server, bundle, tmp_path, kind):
    bad = tmp_path / "bad"
    if kind == "damaged":
        make_bundle(bad)
        (bad / "model.onnx").write_bytes(b"nothing")
    elif kind == "other answers":
        graph = (bundle / "model.onnx").read_bytes()
        reseal(bundle, bad, {"model.onnx": _with_another_scale(graph)})

    with pytest.raises((BundleError, InputError)):
        server.call(server.service.load(bad, "tiles"))

    answer = predict(server.url, PICTURES[0])
    assert answer.json()["bundle_id"] == load(bundle).bundle.id
    assert server.service.state == "ready"


def _with_another_scale(graph):
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        if tensor.name == "scale":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 3, "scale"))
    return model.SerializeToString()


def test_a_model_that_is_unloaded_is_unknown_and_the_others_stay(bundle, other):
    models = [open_model(bundle, SETTINGS, "a"), open_model(other, SETTINGS, "b")]
    with hosted(Service(models, SETTINGS)) as server:

        async def unload():
            server.service.unload("a")

        server.call(unload())
        gone, usual, still = (
            predict(server.url, PICTURES[0], **named) for named in ({"model": "a"}, {}, {"model": "b"})
        )

    assert (gone.status_code, usual.status_code, still.status_code) == (404, 404, 200)
    assert "In service: 'b'." in gone.json()["error"]["message"]


@contextlib.contextmanager
def held(server):
    """Keep all threads of the server busy until the block ends."""
    predictor, go, begun = server.service.models.find().predictor, threading.Event(), threading.Semaphore(0)
    plain = predictor.prepare

    def prepare(image, *, waited_ms=0.0, observe=None):
        begun.release()
        assert go.wait(60)
        return plain(image, waited_ms=waited_ms)

    predictor.prepare = prepare
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(predict, server.url, PICTURES[0]) for _ in range(2)]
        for _ in waiting:
            assert begun.acquire(timeout=60)
        try:
            yield begun
        finally:
            predictor.prepare = plain
            go.set()
        assert [one.result().status_code for one in waiting] == [200, 200]


def test_a_request_out_of_time_has_its_answer_at_once_and_is_never_decoded(server):
    with held(server) as begun:
        started = time.monotonic()
        late = httpx.post(
            f"{server.url}/v1/predict",
            content=PICTURES[1],
            headers={"x-request-timeout-ms": "100"},
            timeout=60,
        )
        took = time.monotonic() - started

    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert 0.1 <= took < 10
    wait_until(lambda: server.service.line.images == 0)
    assert not begun.acquire(blocking=False)


def test_a_request_whose_client_has_gone_is_never_decoded(server):
    with held(server) as begun:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/v1/predict", content=PICTURES[1], timeout=0.2)
        wait_until(lambda: server.service.line.images == 3)

    wait_until(lambda: server.service.line.images == 0)
    assert not begun.acquire(blocking=False)


def test_over_its_bound_the_server_refuses_at_once_and_says_when_to_come_again(bundle):
    settings = ServerSettings(threads=2, max_images=3)
    service = Service([open_model(bundle, settings)], settings)
    with ThreadPoolExecutor(1) as threads, hosted(service) as server:
        with held(server):
            third = threads.submit(predict, server.url, PICTURES[0])
            wait_until(lambda: service.line.images == 3)
            started = time.monotonic()
            refused = predict(server.url, PICTURES[1])
            took = time.monotonic() - started
        assert third.result().status_code == 200

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "overloaded")
    assert int(refused.headers["retry-after"]) >= 1
    assert took < 5
