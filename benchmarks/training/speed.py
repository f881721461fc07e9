"""How fast, as ratios within one run: the training loop against a plain one, `linear` against one forward pass, and
the time in which `two_phase` passes the accuracy of the two-phase code of textbooks.

    python -m benchmarks.training.speed WEIGHTS DIGITS
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.machine import describe_machine
from benchmarks.training.plain import guide_two_phase, plain_loop
from benchmarks.training.quality import EXAMPLES
from benchmarks.training.runs import judge, prepared
from sightline.dataset import preprocess_samples
from sightline.training import EpochRecord, read_recipe, train
from sightline.training.loop.history import NoProgress
from sightline.training.network.network import build_network

RECIPE = EXAMPLES / "sign-digits.yaml"
SIDE_PX = 128


class Clock(NoProgress):
    """Seconds since the start, and the judged metric, at the end of each epoch."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.seen: list[tuple[float, EpochRecord]] = []

    def on_epoch(self, record: EpochRecord) -> None:
        self.seen.append((time.perf_counter() - self.started, record))


def forward_seconds(weights: Path, pixels: np.ndarray) -> float:
    """Merely the backbone, once over the pictures, in float32."""
    recipe = read_recipe(RECIPE, (f"model.pretrained={weights}",))
    network = build_network(recipe, 2).to(memory_format=torch.channels_last)
    started = time.perf_counter()
    with torch.inference_mode():
        for begin in range(0, len(pixels), 32):
            network.logits(torch.from_numpy(pixels[begin : begin + 32]))
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("digits", type=Path)
    parser.add_argument(
        "--skip-guide", action="store_true", help="leave out the four minutes of the textbook's code"
    )
    given = parser.parse_args()
    data = prepared(RECIPE, given.digits, 0)
    overrides = (f"data.train_dir={given.digits}", f"model.pretrained={given.weights}")

    plain = plain_loop(data.train, given.weights, side_px=SIDE_PX)
    for name, extra in {
        "all of it": (),
        "float32": ("training.mixed_precision=false",),
        "no augmentation": ("augmentation=none",),
    }.items():
        recipe = read_recipe(RECIPE, (*overrides, "training.strategy=full", "training.epochs=2", *extra))
        ours = train(recipe, data.train, data.val).history[-1].images_per_s
        print(
            f"training loop, {name}: {ours:.0f} images/s, {ours / plain:.2f} × the plain {plain:.0f}",
            flush=True,
        )

    spec = read_recipe(RECIPE, overrides).preprocessing()
    pixels = np.concatenate([preprocess_samples(part, spec) for part in (data.train, data.val, data.test)])
    merely = forward_seconds(given.weights, pixels)
    recipe = read_recipe(RECIPE, (*overrides, "training.strategy=linear"))
    started = time.perf_counter()
    trained = train(recipe, data.train, data.val)
    figures = judge(recipe, trained.network, data)
    whole = time.perf_counter() - started
    print(
        f"linear: {whole:.1f} s, {whole / merely:.2f} × merely the backbone ({merely:.1f} s), {figures['accuracy']:.4f}"
    )

    clock = Clock()
    recipe = read_recipe(RECIPE, (*overrides, "training.strategy=two_phase"))
    trained = train(recipe, data.train, data.val, progress=clock)
    figures = judge(recipe, trained.network, data)
    print(f"two_phase: {clock.seen[-1][0]:.1f} s, accuracy {figures['accuracy']:.4f}", flush=True)
    if given.skip_guide:
        print(describe_machine())
        return
    accuracy, seconds = guide_two_phase(data.train, data.test, given.weights, side_px=SIDE_PX)
    passed = next((at for at, one in clock.seen if one.validation["accuracy"] >= accuracy), None)
    print(f"the textbook's two phases: {seconds:.1f} s, accuracy {accuracy:.4f}")
    if passed is not None:
        print(f"two_phase is as good on val after {passed:.1f} s: {passed / seconds:.2f} of that")
    print(describe_machine())


if __name__ == "__main__":
    main()
