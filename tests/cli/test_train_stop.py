"""A training that is stopped from outside and gone on with, as a person would at a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quadrants import draw_quadrants

RECIPE = (
    "model.backbone=test_resnet",
    "model.pretrained=false",
    "model.dropout=0.2",
    "data.input_size=32",
    "data.batch_size=4",
    "training.epochs=6",
)
SECONDS = 300.0


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "sightline", "train", "set", *RECIPE, *options]


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command(folder, *options), cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )


def finish(folder: Path, *options: str) -> tuple[int, str]:
    process = start(folder, *options)
    _, told = process.communicate(timeout=SECONDS)
    return process.returncode, told


def wait_for_epochs(run: Path, count: int) -> None:
    metrics = run / "metrics.jsonl"
    give_up = time.monotonic() + SECONDS
    while not metrics.exists() or len(metrics.read_text().splitlines()) < count:
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopped")
    draw_quadrants(folder / "set", train=20, val=4, size_px=32)
    # A command that is always given --resume begins the first time.
    code, told = finish(folder, "--out", "whole", "--resume")
    assert code == 0, told
    return folder


def stop_in_the_middle(folder: Path, name: str, number: int) -> int:
    process = start(folder, "--out", name)
    wait_for_epochs(folder / f"{name}-run", 2)
    process.send_signal(number)
    process.communicate(timeout=SECONDS)
    return process.returncode


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)], ids=["term", "kill"])
def test_a_training_stopped_by_a_signal_ends_with_the_same_bundle_when_it_is_gone_on_with(
    folder: Path, number: int, code: int
) -> None:
    name = f"stopped-{number}"
    assert stop_in_the_middle(folder, name, number) == code

    resumed, told = finish(folder, "--out", name, "--resume")

    assert resumed == 0, told
    assert (folder / name / "model.onnx").read_bytes() == (folder / "whole" / "model.onnx").read_bytes()
    run = folder / f"{name}-run"
    epochs = [json.loads(line)["epoch"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert epochs == [1, 2, 3, 4, 5, 6]
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert not (run / "checkpoint.safetensors").exists()
