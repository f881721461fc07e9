import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bundles import SIDE, tiny_graph
from sightline.errors import InputError
from sightline.lifecycle.advising import (
    Backbone,
    Measured,
    Question,
    advise,
    measure_backbones,
    question_about,
    read_backbones,
    worth_measuring,
)
from sightline.lifecycle.advising.measured import cache_file

BACKBONES = read_backbones()
FAST = {
    "mobilenetv3_small_100": 2.0,
    "mobilenetv2_100": 5.0,
    "mobilenetv3_large_100": 6.0,
    "efficientnet_b0": 12.0,
}
LARGE = {"resnet18": 40.0, "resnet50": 90.0, "efficientnet_b4": 110.0, "convnext_tiny": 150.0}


def latencies(question: Question, table: Mapping[str, float] = FAST | LARGE) -> dict[str, Measured]:
    """What a machine would measure of those that the rules allow."""
    return {
        one.backbone: Measured(backbone=one.backbone, runtime="onnxruntime", latency_ms=table[one.backbone])
        for one in worth_measuring(question, BACKBONES)
    }


def asked(images: int, classes: int = 5, **more) -> Question:
    return Question(images, classes, **more)


@pytest.mark.parametrize(
    "question, strategy, backbone",
    [
        (asked(100), "linear", "efficientnet_b0"),
        (asked(141), "two_phase", "efficientnet_b0"),
        (asked(50_000), "two_phase", "efficientnet_b0"),
        (asked(1_000, max_latency_ms=12.0), "two_phase", "efficientnet_b0"),
        (asked(1_000, max_latency_ms=11.9), "two_phase", "mobilenetv3_large_100"),
        (asked(1_000, max_latency_ms=5.5), "two_phase", "mobilenetv2_100"),
        (asked(1_000, max_latency_ms=3.0), "two_phase", "mobilenetv3_small_100"),
        (asked(1_000, target="edge"), "two_phase", "mobilenetv3_large_100"),
        (asked(100_001), "full", "convnext_tiny"),
        (asked(100_001, max_latency_ms=120.0), "full", "efficientnet_b4"),
        (asked(100_001, max_latency_ms=20.0), "full", "efficientnet_b0"),
        (asked(100_001, target="gpu"), "full", "vit_base_patch16_224"),
        (asked(100_001, target="gpu", max_latency_ms=10.0), "full", "convnext_tiny"),
        (asked(100_001, target="gpu", weights=False), "scratch", "convnext_tiny"),
        (asked(99_999, target="gpu"), "two_phase", "efficientnet_b0"),
        (asked(1_000, weights=False), "scratch", "efficientnet_b0"),
    ],
)
def test_the_simplest_that_satisfies_everything_is_advised(
    question: Question, strategy: str, backbone: str
) -> None:
    advice = advise(question, BACKBONES, latencies(question))

    assert (advice.strategy, advice.backbone) == (strategy, backbone)
    assert backbone in advice.reason
    chosen = next(row for row in advice.rows if row.backbone.backbone == backbone)
    assert chosen.objections == ()


def test_where_nothing_keeps_the_limit_the_closest_is_named() -> None:
    question = asked(1_000, max_latency_ms=1.5)

    advice = advise(question, BACKBONES, latencies(question))

    assert (advice.backbone, advice.closest) == (None, "mobilenetv3_small_100")
    assert (
        "No backbone answers within 1.5 ms here: mobilenetv3_small_100 comes closest with 2.0 ms"
        in advice.reason
    )


def test_the_reason_says_that_fine_tuning_pays_below_the_guides_rule() -> None:
    question = asked(1_000)

    advice = advise(question, BACKBONES, latencies(question))

    assert "fewer than 5,000 images; we measured two_phase to beat that from 141 images on" in advice.reason


def test_what_cannot_be_known_here_is_said() -> None:
    gpu, edge, few = asked(9_000, target="gpu"), asked(9_000, target="edge"), asked(60, classes=6)

    notices = {one: " ".join(advise(one, BACKBONES, latencies(one)).notices) for one in (gpu, edge, few)}

    assert "A limit on latency is not checked" in notices[gpu]
    assert "run the same command on the device" in notices[edge]
    assert "10 images a class are few" in notices[few]


def test_the_candidates_are_timm_models_with_those_default_weights() -> None:
    timm = pytest.importorskip("timm")

    for one in BACKBONES:
        assert timm.get_pretrained_cfg(one.backbone).tag == one.weights


def tiny(name: str) -> Backbone:
    return BACKBONES[0].model_copy(update={"backbone": name, "size_px": SIDE})


def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.lifecycle.advising.measured._UNDISTURBED", 0.0)


def test_what_was_measured_once_is_remembered_for_each_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path))
    undisturbed(monkeypatch)
    made: list[str] = []

    def make(one: Backbone) -> bytes:
        made.append(one.backbone)
        return tiny_graph()

    first = measure_backbones([tiny("a")], threads=1, make=make)
    again = measure_backbones([tiny("a"), tiny("b")], threads=1, make=make)
    measure_backbones([tiny("a")], threads=2, make=make)
    measure_backbones([tiny("a")], threads=1, make=make, fresh=True)

    assert made == ["a", "b", "a", "a"]
    assert again["a"] == first["a"]
    assert first["a"].latency_ms > 0


def test_latencies_of_a_busy_machine_are_not_remembered_and_said_to_be_too_high(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("sightline.lifecycle.advising.measured.time.process_time", lambda: 0.0)

    found = measure_backbones([tiny("efficientnet_b0")], threads=1, make=lambda _: tiny_graph())

    assert found["efficientnet_b0"].disturbed
    assert json.loads(cache_file(1).read_text())["rows"] == []
    assert "too high" in advise(asked(9_000), BACKBONES, found).notices[0]


def test_a_damaged_cache_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path))
    undisturbed(monkeypatch)
    file = cache_file(1)
    file.parent.mkdir(parents=True)
    file.write_text("{")

    measure_backbones([tiny("a")], threads=1, make=lambda _: tiny_graph())

    assert [row["backbone"] for row in json.loads(file.read_text())["rows"]] == ["a"]


@pytest.mark.parametrize(
    "data, images, says",
    [("pictures", 5, "leave --images and --classes out"), (None, 5, "Name the images")],
)
def test_a_question_is_asked_in_one_way(data: str | None, images: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        question_about(data, images, None, max_latency_ms=None, target="cpu", threads=1, weights=True)


def test_the_command_advises_from_the_cache_and_exits_with_one_where_nothing_is_fast_enough(
    tmp_path: Path,
) -> None:
    env = {**os.environ, "SIGHTLINE_CACHE_DIR": str(tmp_path), "COLUMNS": "300"}
    question = asked(1_000)
    rows = [one.model_dump() for one in latencies(question).values()]
    file = tmp_path / "latency" / cache_file(1).name
    file.parent.mkdir()
    file.write_text(json.dumps({"rows": rows}))

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sightline", "advise", "--images", "1000", "--classes", "5", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=env)

    found, missed = run("--max-latency", "7"), run("--max-latency", "1", "--json")

    assert found.returncode == 0
    assert "model.backbone=mobilenetv3_large_100 training.strategy=two_phase" in found.stdout
    assert missed.returncode == 1
    assert json.loads(missed.stdout)["closest"] == "mobilenetv3_small_100"
