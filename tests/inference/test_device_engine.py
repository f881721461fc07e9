"""What a GPU's engine does about batches, on sessions of the CPU; what is CUDA's own needs a GPU."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from bundles import SIDE, tiny_graph
from sightline.bundle import read_bundle
from sightline.inference import DeviceEngine, OnnxEngine, onnx_engine, open_graph, open_session
from sightline.inference.measuring import this_machine, warm
from sightline.inference.onnx_engine import CUDA

OUTPUTS = ["logits", "embedding", "feature_map"]
IMAGES = np.random.default_rng(2).integers(0, 256, (70, SIDE, SIDE, 3), dtype=np.uint8)


class Watched:
    """A session that notes what it is given, and by which thread."""

    def __init__(self):
        self._session = onnxruntime.InferenceSession(tiny_graph(), providers=["CPUExecutionProvider"])
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


@pytest.mark.parametrize(
    "wrong",
    [IMAGES[:1, :1], IMAGES[:1, ..., :1], IMAGES[:1].astype(np.float32)],
    ids=["low", "grey", "floats"],
)
def test_a_picture_of_another_kind_is_refused(engine, wrong):
    engine.run(IMAGES[:1], ["logits"])

    with pytest.raises(ValueError, match="a picture is"):
        engine.run(wrong, ["logits"])


class Driver:
    """CUDA's driver as far as it is asked for, with a GPU that is not there."""

    def __init__(self, refuses=""):
        self.refuses, self.called = refuses, []

    def __getattr__(self, name):
        def call(*arguments):
            self.called.append((name, arguments))
            return 1 if name == self.refuses else 0

        return call

    def cuDeviceGetName(self, name, length, device):  # noqa: N802
        name.value = b"A GPU"[: length - 1]
        return 0

    def named(self, name):
        return [arguments for called, arguments in self.called if called == name]


def test_what_the_gpu_fetches_from_is_locked_once_and_let_go_with_the_engine(monkeypatch, sessions):
    driver = Driver()
    monkeypatch.setattr("ctypes.CDLL", lambda name: driver)
    engine = DeviceEngine(sessions[0], Watched)
    for count in (1, 5, 9):
        engine.run(IMAGES[:count], ["logits"])

    ((address, size, portable),) = driver.named("cuMemHostRegister_v2")
    assert (size.value, portable) == (32 * SIDE * SIDE * 3, 1)
    assert driver.named("cuMemHostUnregister") == []
    del engine
    gc.collect()
    assert [one.value for (one,) in driver.named("cuMemHostUnregister")] == [address.value]
    retained, released = (f"cuDevicePrimaryCtx{what}" for what in ("Retain", "Release_v2"))
    assert len(driver.named(retained)) == len(driver.named(released)) == 2


@pytest.mark.parametrize("refuses", ["cuInit", "cuDeviceGet", "cuMemHostRegister_v2"])
def test_memory_that_cannot_be_locked_is_memory_all_the_same(monkeypatch, sessions, reference, refuses):
    driver = Driver(refuses)
    monkeypatch.setattr("ctypes.CDLL", lambda name: driver)

    (found,) = DeviceEngine(sessions[0], Watched).run(IMAGES[:1], ["logits"])

    assert found == pytest.approx(reference.run(IMAGES[:1], ["logits"])[0], abs=1e-6)
    assert driver.named("cuMemHostUnregister") == []


def test_a_machine_is_known_by_its_gpu_too(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: Driver())
    assert this_machine().gpu == "A GPU"

    monkeypatch.setattr("ctypes.CDLL", lambda name: Driver("cuInit"))
    assert this_machine().gpu is None


@pytest.mark.parametrize("precision, alone", [("float32", False), ("int8", True)])
def test_where_a_session_has_cuda_it_becomes_a_device(monkeypatch, precision, alone):
    opened = []

    def watched(graph, name, *, threads):
        opened.append(threads)
        return Watched()

    monkeypatch.setattr("sightline.inference.engine.open_session", watched)
    monkeypatch.setattr("sightline.inference.engine.first_provider", lambda session: "CUDAExecutionProvider")

    engine = open_graph(tiny_graph(), "tiny", "onnxruntime", precision, threads=1)
    engine.run(IMAGES[:3], ["logits"])

    assert isinstance(engine, DeviceEngine)
    assert (engine.one_at_a_time, engine.runs_alone) == (True, alone)
    assert opened == ([1] if alone else [1, 1])


def test_all_sizes_are_ready_before_a_server_is(bundle, sessions, engine):
    warm(read_bundle(bundle), engine)

    assert [set(one.sizes) for one in sessions] == [{1}, {4}, {8}, {16}, {32}]


def test_cuda_multiplies_in_float32_as_it_is_on_a_cpu(monkeypatch, caplog):
    given = {}

    usual = onnx_engine._usual
    usual.cache_clear()
    runtime = SimpleNamespace(
        get_available_providers=lambda: [CUDA, "CPUExecutionProvider"],
        preload_dlls=lambda: print("a library is missing"),
        SessionOptions=SimpleNamespace,
        InferenceSession=lambda *arguments, **more: given.update(more) or Watched(),
    )
    monkeypatch.setattr(onnx_engine, "onnxruntime", runtime)

    onnx_engine.open_session(tiny_graph(), "tiny")
    usual.cache_clear()

    (cuda, options), cpu = given["providers"]
    assert (cuda, cpu) == (CUDA, "CPUExecutionProvider")
    assert options["use_tf32"] == "0"
    assert "'tiny' runs on the CPU" in caplog.text
