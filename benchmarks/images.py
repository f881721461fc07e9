"""Bytes to the network's input: `images/` against Pillow's plain decode, resize and crop.

The two take turns on every picture, so that a noisy machine disturbs both alike; the ratio is the median over
the rounds. Threads take turns the same way, beside processes, which show what the machine grants at best.
"""

import argparse
import io
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.machine import describe_machine
from sightline.images import preprocess_image
from sightline.records import Preprocessing

SPEC = Preprocessing(width_px=224, height_px=224, crop=0.875)
Work = Callable[[bytes], object]


def pillow(data: bytes) -> np.ndarray:
    """What a careful programmer writes: decode, shorter side to 256, centre crop 224."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    scale = 256 / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    return np.asarray(picture.crop((left, top, left + 224, top + 224)))


def sightline(data: bytes) -> np.ndarray:
    return preprocess_image(data, SPEC)


def twelve_megapixels(photos: Sequence[bytes], count: int, noise: float) -> list[bytes]:
    """Camera-like JPEGs of 4000 × 3000: photos enlarged, with sensor noise, quality 90, 4:2:0."""
    rng = np.random.default_rng(0)
    made = []
    for data in photos[:: max(1, len(photos) // count)][:count]:
        large = Image.open(io.BytesIO(data)).convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
        grain = rng.normal(0, noise, (3000, 4000, 1)).astype(np.float32)
        noisy = np.clip(np.asarray(large, np.float32) + grain, 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noisy).save(buffer, "JPEG", quality=90)
        made.append(buffer.getvalue())
    return made


def milliseconds(work: Work, data: bytes) -> float:
    started = time.perf_counter()
    work(data)
    return (time.perf_counter() - started) * 1e3


def compare(pictures: Sequence[bytes], rounds: int) -> tuple[float, float, float]:
    """Median ms per image of Pillow and of Sightline, and the median over the rounds of their ratio."""
    for work in (pillow, sightline):
        work(pictures[0])
    baseline, ours, ratios = [], [], []
    for _ in range(rounds):
        pairs = [(milliseconds(pillow, data), milliseconds(sightline, data)) for data in pictures]
        theirs_ms, ours_ms = (statistics.mean(column) for column in zip(*pairs, strict=True))
        baseline.append(theirs_ms)
        ours.append(ours_ms)
        ratios.append(theirs_ms / ours_ms)
    return statistics.median(baseline), statistics.median(ours), statistics.median(ratios)


def rate(work: Work, pictures: Sequence[bytes], threads: int) -> float:
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        list(pool.map(work, pictures))
        return len(pictures) / (time.perf_counter() - started)


def work_off(pictures: Sequence[bytes]) -> float:
    started = time.perf_counter()
    for data in pictures:
        sightline(data)
    return time.perf_counter() - started


def speed_up(pictures: Sequence[bytes], rounds: int) -> tuple[float, float]:
    """Images per second of two threads over one, and of two processes over one: what the machine grants."""
    threads, processes = [], []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(work_off, [pictures[:1]] * 2, chunksize=1)
        for _ in range(rounds):
            threads.append(rate(sightline, pictures, 2) / rate(sightline, pictures, 1))
            alone, both = (max(pool.map(work_off, [pictures] * count, chunksize=1)) for count in (1, 2))
            processes.append(2 * alone / both)
    return statistics.median(threads), statistics.median(processes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="folder of ordinary JPEG photos")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    photos = [path.read_bytes() for path in sorted(options.photos.iterdir()) if path.is_file()]
    print("| pictures | MB each | Pillow ms | Sightline ms | ratio | 2 threads ÷ 1 | 2 processes ÷ 1 |")
    print("|---|---|---|---|---|---|---|")
    sets = {f"{len(photos)} photos": photos}
    for noise in (0, 2, 4):
        sets[f"8 of 12 megapixels, noise σ = {noise}"] = twelve_megapixels(photos, 8, noise)
    for name, pictures in sets.items():
        theirs_ms, ours_ms, ratio = compare(pictures, options.rounds)
        threads, processes = speed_up(list(pictures) * (4 if len(pictures) > 50 else 2), options.rounds)
        size = statistics.mean(len(data) for data in pictures) / 1e6
        times = f"{theirs_ms:.2f} | {ours_ms:.2f} | {ratio:.2f}"
        print(f"| {name} | {size:.2f} | {times} | {threads:.2f} | {processes:.2f} |")
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
