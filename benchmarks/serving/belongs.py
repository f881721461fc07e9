"""Each reply belongs to its request: distinct images, each answer compared with what the bundle gives offline.

    python -m benchmarks.serving.belongs BUNDLE [--count 50000] [--askers 64] [--batch 8]

Images are drawn: a gradient of its own colours each, so that no two have the same answer. Exits with 1 if one reply is
not its own.
"""

import argparse
import asyncio
import io
import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import describe_machine
from benchmarks.serving.load import closed_loop
from benchmarks.serving.server import serving
from sightline.inference import load

TOLERANCE = 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--askers", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    bodies = [_draw(number) for number in range(options.count)]
    assert len(set(bodies)) == options.count
    expected = _offline(options.bundle, bodies)
    wrong: list[int] = []

    def compare(number: int, code: int, answer: bytes) -> None:
        if code != 200 or not _same(json.loads(answer), expected[number]):
            wrong.append(number)

    command = ("--variant", "float32", "--max-batch-size", str(options.batch))
    with serving(options.bundle, *command) as server:
        found = asyncio.run(
            closed_loop(
                server.place,
                "/v1/predict?embedding=true",
                bodies,
                askers=options.askers,
                count=options.count,
                answered=compare,
            )
        )
        metrics = server.get("/metrics").splitlines()
    sizes = [line for line in metrics if re.match("sightline_batch_size_(count|sum)", line)]
    print(
        f"{options.count} distinct images, {options.askers} askers, batches of up to {options.batch}: ",
        end="",
    )
    print(f"{len(wrong)} replies that are not their own; statuses {found.codes}; {found.rate:.0f}/s")
    print("; ".join(sizes))
    print(describe_machine())
    if wrong or found.errors:
        raise SystemExit(1)


def _draw(number: int) -> bytes:
    rng = np.random.default_rng(number)
    low, high = rng.integers(0, 256, (2, 3))
    ramp = np.linspace(0, 1, 48)[:, None, None] * np.ones((1, 64, 1))
    pixels = low + (high - low) * ramp + rng.integers(-20, 20, (48, 64, 1))
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _offline(bundle: Path, bodies: list[bytes]) -> NDArray[np.float32]:
    predictor = load(bundle, variant="float32", threads=1)
    return np.stack(
        [
            predictor.engine.run(predictor.prepare(body).pixels[np.newaxis], ["embedding"])[0][0]
            for body in bodies
        ]
    )


def _same(answer: dict[str, list[float]], expected_d: NDArray[np.float32]) -> bool:
    given = np.array(answer["embedding"])
    return bool(np.abs(given - expected_d).max() <= TOLERANCE * max(1.0, float(np.abs(expected_d).max())))


if __name__ == "__main__":
    main()
