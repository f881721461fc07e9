"""How fast, as ratios within one run: the training loop against a plain one and what of it gains how much, `linear`
against one forward pass, and the time in which `two_phase` passes the accuracy of the two-phase code of textbooks.

    python -m benchmarks.training.speed WEIGHTS DIGITS

Each loop runs in a process of its own, in turns, several rounds; the medians are compared.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from benchmarks.machine import describe_machine
from benchmarks.training.plain import guide_two_phase, plain_loop
from benchmarks.training.quality import EXAMPLES
from benchmarks.training.runs import judge, judge_answers, prepared
from sightline.dataset import preprocess_samples
from sightline.training import EpochRecord, read_recipe, train
from sightline.training.loop import fit
from sightline.training.loop.history import NoProgress
from sightline.training.network.folding import Arithmetic
from sightline.training.network.network import build_network

RECIPE = EXAMPLES / "sign-digits.yaml"
SIDE_PX = 128
# What each loop leaves out of ours: changed keys of the recipe, and a part that does nothing.
LOOPS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "ours": ((), None),
    "… in float32": (("training.mixed_precision=false",), None),
    "… norms not folded, strided depthwise in bfloat16": ((), "speed_up"),
    "… memory given back after each step": ((), "keep_memory"),
    "… pictures decoded in every epoch": (("data.cache=none",), None),
    "… no augmentation": (("augmentation=none",), None),
}


class Clock(NoProgress):
    """Seconds since the start, and the judged metric, at the end of each epoch."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.seen: list[tuple[float, EpochRecord]] = []

    def on_epoch(self, record: EpochRecord) -> None:
        self.seen.append((time.perf_counter() - self.started, record))


def overrides(weights: Path, digits: Path, *more: str) -> tuple[str, ...]:
    return (f"data.train_dir={digits}", f"model.pretrained={weights}", f"data.input_size={SIDE_PX}", *more)


def images_per_s(loop: str, weights: Path, digits: Path) -> float:
    """Training images a second in the second epoch of one loop."""
    data = prepared(RECIPE, digits, 0)
    if loop == "plain":
        return plain_loop(data.train, weights, side_px=SIDE_PX)
    changes, left_out = LOOPS[loop]
    short = ("training.strategy=two_phase", "training.unfreeze_epochs=0", "training.epochs=2")
    recipe = read_recipe(RECIPE, overrides(weights, digits, *short, *changes))
    nothing: Callable[..., Arithmetic] = lambda network, size, **_: Arithmetic(network, size, False)  # noqa: E731
    with mock.patch.object(fit, left_out, nothing) if left_out else mock.patch.dict({}):
        return train(recipe, data.train, data.val).history[-1].images_per_s


def compare_loops(given: argparse.Namespace) -> None:
    rates: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for loop in ("plain", *LOOPS):
            arguments = [str(given.weights), str(given.digits), "--loop", loop]
            command = [sys.executable, "-m", "benchmarks.training.speed", *arguments]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rates.setdefault(loop, []).append(float(out.splitlines()[-1]))
    plain = statistics.median(rates["plain"])
    print("| training loop | images/s | ÷ plain | rounds |", "|---|---|---|---|", sep="\n")
    for loop, found in rates.items():
        rate, each = statistics.median(found), ", ".join(f"{one:.0f}" for one in found)
        print(f"| {loop} | {rate:.0f} | {rate / plain:.2f} | {each} |", flush=True)


def forward_seconds(weights: Path, digits: Path, pixels: np.ndarray) -> float:
    """Merely the backbone, once over the pictures, in float32."""
    recipe = read_recipe(RECIPE, overrides(weights, digits))
    network = build_network(recipe, 2).to(memory_format=torch.channels_last)
    started = time.perf_counter()
    with torch.inference_mode():
        for begin in range(0, len(pixels), 32):
            network.logits(torch.from_numpy(pixels[begin : begin + 32]))
    return time.perf_counter() - started


def time_linear(weights: Path, digits: Path) -> None:
    data = prepared(RECIPE, digits, 0)
    recipe = read_recipe(RECIPE, overrides(weights, digits, "training.strategy=linear"))
    spec = recipe.preprocessing()
    pixels = np.concatenate([preprocess_samples(part, spec) for part in (data.train, data.val, data.test)])
    merely = min(forward_seconds(weights, digits, pixels) for _ in range(2))
    started = time.perf_counter()
    trained = train(recipe, data.train, data.val)
    figures = judge(recipe, trained.network, data)
    whole = time.perf_counter() - started
    print(
        f"linear: {whole:.1f} s, {whole / merely:.2f} × merely the backbone ({merely:.1f} s), "
        f"accuracy {figures['accuracy']:.4f}",
        flush=True,
    )


def time_two_phase(weights: Path, digits: Path) -> None:
    data = prepared(RECIPE, digits, 0)
    clock = Clock()
    recipe = read_recipe(RECIPE, overrides(weights, digits, "training.strategy=two_phase"))
    trained = train(recipe, data.train, data.val, progress=clock)
    figures = judge(recipe, trained.network, data)
    print(f"two_phase: {clock.seen[-1][0]:.1f} s, accuracy {figures['accuracy']:.4f}", flush=True)
    predicted, seconds = guide_two_phase(data.train, data.test, weights, side_px=SIDE_PX)
    accuracy = judge_answers(predicted, data.test)["accuracy"]
    print(f"the textbook's two phases: {seconds:.1f} s, accuracy {accuracy:.4f}")
    passed = next((at for at, one in clock.seen if one.validation["accuracy"] >= accuracy), None)
    if passed is not None:
        print(f"two_phase is as good on val after {passed:.1f} s: {passed / seconds:.2f} of that")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("digits", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", choices=("plain", *LOOPS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.loop:
        print(images_per_s(given.loop, given.weights, given.digits))
        return
    compare_loops(given)
    time_linear(given.weights, given.digits)
    time_two_phase(given.weights, given.digits)
    print(describe_machine())


if __name__ == "__main__":
    main()
