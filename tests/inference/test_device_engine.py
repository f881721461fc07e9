"""What a GPU's engine does about batches, on sessions of the CPU; what is CUDA's own needs a GPU."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bundles import SIDE, tiny_graph
from sightline.inference import DeviceEngine, OnnxEngine, open_session
from sightline.inference.page_locked import lock_pages, unlock_pages

OUTPUTS = ["logits", "embedding", "feature_map"]
IMAGES = np.random.default_rng(2).integers(0, 256, (70, SIDE, SIDE, 3), dtype=np.uint8)


class Watched:
    """A session that notes what it is given, and by which thread."""

    def __init__(self):
        self._session = open_session(tiny_graph(), "tiny", threads=1)
        self.sizes, self.threads = [], set()

    def __getattr__(self, name):
        return getattr(self._session, name)

    def run(self, names, feed):
        self.sizes.append(len(feed["images"]))
        self.threads.add(threading.get_ident())
        return self._session.run(names, feed)


@pytest.fixture
def sessions():
    return [Watched()]


@pytest.fixture
def engine(sessions):
    return DeviceEngine(sessions[0], lambda: sessions.append(Watched()) or sessions[-1])


@pytest.fixture(scope="module")
def reference():
    return OnnxEngine(open_session(tiny_graph(), "tiny", threads=1))


@pytest.mark.parametrize("count", [1, 2, 8, 9, 32, 33, 70])
def test_a_batch_of_any_size_is_answered_as_it_is_elsewhere(engine, reference, count):
    engine.run(IMAGES[::-1][:40], OUTPUTS)  # leaves other pictures where a batch is filled up

    found = engine.run(IMAGES[:count], OUTPUTS)

    for given, expected in zip(found, reference.run(IMAGES[:count], OUTPUTS), strict=True):
        assert given.shape == expected.shape
        assert given == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_sequence_of_pictures_is_a_batch(engine, reference):
    for one in (engine, reference):
        (found,) = one.run(list(IMAGES[:5]), ["logits"])
        assert found == pytest.approx(one.run(IMAGES[:5], ["logits"])[0], abs=1e-6)


def test_no_session_sees_a_second_size(engine, sessions):
    for count in (1, 5, 2, 7, 8, 3, 31, 40, 1, 4):
        engine.run(IMAGES[:count], ["logits"])

    assert [set(one.sizes) for one in sessions] == [{1}, {8}, {4}, {32}]


def test_sessions_of_larger_batches_are_opened_when_they_are_needed(engine, sessions):
    engine.run(IMAGES[:1], ["logits"])
    assert len(sessions) == 1

    engine.run(IMAGES[:3], ["logits"])
    engine.run(IMAGES[:4], ["logits"])
    assert len(sessions) == 2


def test_a_graph_that_answers_alone_gets_batches_of_one(sessions):
    engine = DeviceEngine(sessions[0], Watched, runs_alone=True)

    engine.run(IMAGES[:5], ["logits"])

    assert sessions[0].sizes == [1] * 5


def test_many_threads_ask_and_one_computes(engine, sessions, reference):
    expected = reference.run(IMAGES, ["logits"])[0]

    with ThreadPoolExecutor(8) as pool:
        rows = [np.arange(start, start + 1 + start % 9) for start in range(60)]
        found = list(pool.map(lambda some: engine.run(IMAGES[some], ["logits"])[0], rows))

    for some, given in zip(rows, found, strict=True):
        assert given == pytest.approx(expected[some], rel=1e-5, abs=1e-6)
    assert len(set().union(*(one.threads for one in sessions))) == 1


def test_an_error_of_the_graph_is_that_of_its_caller_alone(engine):
    with pytest.raises(Exception, match="nonsense"):
        engine.run(IMAGES[:1], ["nonsense"])

    assert engine.run(IMAGES[:1], ["logits"])[0].shape[0] == 1


def test_memory_with_locked_pages_is_used_as_any():
    array = np.ones(1 << 20, np.uint8)

    locked = lock_pages(array)  # without CUDA's driver that is not to be had, and nothing else changes
    array += 1
    if locked:
        unlock_pages(array)

    assert array.sum() == 2 << 20
