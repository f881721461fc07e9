"""What every engine promises, run on each."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import onnx.numpy_helper
import pytest

from bundles import LABELS, SIDE, make_bundle, tiny_graph
from sightline.bundle import list_files, pack_decided, read_bundle, write_bundle
from sightline.errors import BundleCorrupt, InputError, MissingExtra
from sightline.inference import (
    load,
    open_graph,
    open_session,
    read_golden,
    record_decisions,
    verify_bundle,
)

RUNTIMES = [
    ("onnxruntime", "float32"),
    ("onnxruntime", "int8"),
    ("openvino", "float32"),
    ("openvino", "bfloat16"),
    ("openvino", "int8"),
]
TO_THE_LAST_BIT = RUNTIMES[1:]
IMAGES = np.random.default_rng(1).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(params=RUNTIMES, ids=" ".join)
def engine(request):
    return open_graph(tiny_graph(), "tiny", *request.param, threads=1)


def test_the_signature_names_every_tensor(engine):
    assert engine.signature["images"] == ("uint8", (None, SIDE, SIDE, 3))
    assert engine.signature["logits"] == ("float32", (None, len(LABELS)))
    assert set(engine.signature) == {"images", "logits", "embedding", "feature_map"}


def test_outputs_are_those_asked_for_and_close_to_the_reference(engine):
    reference = open_graph(tiny_graph(), "tiny", "onnxruntime", "float32").run(
        IMAGES, ["logits", "embedding"]
    )

    found = engine.run(IMAGES, ["logits", "embedding"])

    for given, expected in zip(found, reference, strict=True):
        assert given.dtype == np.float32
        assert given.shape == expected.shape
        assert np.abs(given - expected).max() <= 0.02 * np.abs(expected).max()


def test_the_feature_map_comes_when_it_is_asked_for(engine):
    logits, maps = engine.run(IMAGES[:1], ["logits", "feature_map"])

    (alone,) = engine.run(IMAGES[:1], ["logits"])
    assert maps.ndim == 4
    assert np.abs(logits - alone).max() <= 0.02 * np.abs(alone).max()


def test_an_image_answers_the_same_alone_and_among_others(engine):
    (together,) = engine.run(IMAGES, ["logits"])

    alone = np.concatenate([engine.run(IMAGES[row : row + 1], ["logits"])[0] for row in range(len(IMAGES))])

    assert np.abs(alone - together).max() <= 0.02 * np.abs(together).max()


@pytest.mark.parametrize("runtime, precision", TO_THE_LAST_BIT, ids=map(" ".join, TO_THE_LAST_BIT))
def test_of_few_bits_the_answer_is_the_same_to_the_last(runtime, precision):
    engine = open_graph(tiny_graph(), "tiny", runtime, precision, threads=1)

    together = engine.run(IMAGES, ["logits", "embedding", "feature_map"])

    for row in range(len(IMAGES)):
        alone = engine.run(IMAGES[row : row + 1], ["logits", "embedding", "feature_map"])
        assert all(np.array_equal(a[0], t[row]) for a, t in zip(alone, together, strict=True))


def test_threads_do_not_mix_their_answers(engine):
    rows = [row % len(IMAGES) for row in range(200)]
    expected = [engine.run(IMAGES[row : row + 1], ["logits"])[0] for row in range(len(IMAGES))]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda row: engine.run(IMAGES[row : row + 1], ["logits"])[0], rows))

    for row, given in zip(rows, found, strict=True):
        assert np.array_equal(given, expected[row])


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_what_is_no_graph_is_refused_by_name(runtime):
    with pytest.raises(BundleCorrupt, match="'broken.onnx' is no graph"):
        open_graph(b"no graph at all", "broken.onnx", runtime, "float32")


@pytest.fixture
def two_variants(tmp_path):
    """A bundle that answers by ONNX Runtime and has OpenVINO beside it, whose temperature is another."""
    old = read_bundle(make_bundle(tmp_path / "one"))
    files = {name: old.read(name) for name in old.manifest.files}
    warmer = old.manifest.decision.model_copy(
        update={"calibration": old.manifest.decision.calibration.model_copy(update={"value": 3.0})}
    )
    reference = old.manifest.variants["float32"]
    _, expected = read_golden(old)
    files["variants/ov-bf16.npz"] = pack_decided(record_decisions(expected, warmer, LABELS))
    quicker = reference.model_copy(
        update={
            "engine": "openvino",
            "precision": "bfloat16",
            "decision": warmer,
            "golden": "variants/ov-bf16.npz",
            "golden_logit": 0.05,
        }
    )
    manifest = old.manifest.model_copy(
        update={"variants": {"float32": reference, "ov-bf16": quicker}, "files": list_files(files)}
    )
    write_bundle(tmp_path / "two", manifest, files)
    return tmp_path / "two"


def test_a_variant_answers_with_the_decision_that_was_fitted_to_it(two_variants, tmp_path):
    picture = next((two_variants / "golden").glob("*.png"))

    usual, quicker = load(two_variants), load(two_variants, variant="ov-bf16")

    assert usual.bundle.id == quicker.bundle.id
    assert quicker.predict(picture).probability < usual.predict(picture).probability


def test_a_default_variant_brings_its_own_decision_and_tolerance(two_variants, tmp_path):
    old = read_bundle(two_variants)
    files = {name: old.read(name) for name in old.sealed.files}
    write_bundle(tmp_path / "b", old.sealed.model_copy(update={"default_variant": "ov-bf16"}), files)

    predictor = load(tmp_path / "b")

    assert predictor.bundle.manifest.decision.calibration.value == 3.0
    assert predictor.bundle.manifest.golden.logit == 0.05
    assert all(check.outcome == "passed" for check in verify_bundle(tmp_path / "b"))


@pytest.mark.parametrize("default", ["float32", "ov-bf16"])
def test_a_changed_decision_of_a_variant_is_found(two_variants, tmp_path, default):
    old = read_bundle(two_variants)
    files = {name: old.read(name) for name in old.sealed.files}
    quicker = old.sealed.variants["ov-bf16"]
    hotter = quicker.decision.model_copy(
        update={"calibration": quicker.decision.calibration.model_copy(update={"value": 20.0})}
    )
    variants = {**old.sealed.variants, "ov-bf16": quicker.model_copy(update={"decision": hotter})}
    changed = {"variants": variants, "default_variant": default}
    write_bundle(tmp_path / "b", old.sealed.model_copy(update=changed), files)

    failed = [check for check in verify_bundle(tmp_path / "b") if check.outcome == "failed"]

    assert [check.name for check in failed] == [
        "golden: decision" if default == "ov-bf16" else "variant ov-bf16"
    ]
    assert "probabilities apart" in failed[0].detail


def test_the_graph_of_another_variant_is_found(two_variants, tmp_path):
    old = read_bundle(two_variants)
    files = {name: old.read(name) for name in old.sealed.files}
    model = onnx.load_from_string(tiny_graph())
    (head,) = (one for one in model.graph.initializer if one.name == "head")
    head.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(head) * np.float32(1.5), "head"))
    files["other.onnx"] = model.SerializeToString()
    variants = {
        **old.sealed.variants,
        "ov-bf16": old.sealed.variants["ov-bf16"].model_copy(update={"file": "other.onnx"}),
    }
    changed = {"variants": variants, "files": list_files(files)}
    write_bundle(tmp_path / "b", old.sealed.model_copy(update=changed), files)

    (failed,) = (check for check in verify_bundle(tmp_path / "b") if check.outcome == "failed")

    assert failed.name == "variant ov-bf16"
    assert "logits apart by a share of" in failed.detail


def test_every_variant_is_verified_within_its_own_tolerance(two_variants):
    checks = {check.name: check for check in verify_bundle(two_variants)}

    assert checks["variant ov-bf16"].outcome == "passed"
    assert "0.05" in checks["variant ov-bf16"].detail


def test_an_unknown_variant_is_refused_by_name(two_variants):
    with pytest.raises(InputError, match="no variant 'int4'. It has: float32, ov-bf16"):
        load(two_variants, variant="int4")


def test_tensorrt_is_refused_where_it_is_not_with_what_to_do():
    with pytest.raises(MissingExtra, match="without TensorRT. Install onnxruntime-gpu"):
        open_graph(tiny_graph(), "tiny", "tensorrt", "float16")


def test_ctrl_c_is_no_crash_after_several_engines_have_come_and_gone(tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(tiny_graph())
    script = """
import gc, pathlib, signal, sys, time
from sightline.inference import open_graph
signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background it is ignored
graph = pathlib.Path(sys.argv[1]).read_bytes()
engines = [open_graph(graph, "tiny", "openvino", "float32", threads=1) for _ in range(3)]
engines.reverse()
while engines:
    engines.pop()
    gc.collect()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("told", flush=True)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "tiny.onnx")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)

    assert (told, process.returncode) == ("told\n", 0)


def test_each_run_of_a_session_has_its_memory_in_one_piece(bundle):
    """Else two threads take each other's warm buffers, for a third of the speed; see decision 31."""
    opened = read_bundle(bundle)
    graph = opened.read(opened.manifest.variants[opened.manifest.default_variant].file)

    assert open_session(graph, "graph", threads=1).get_session_options().enable_mem_pattern
