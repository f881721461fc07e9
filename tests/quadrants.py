"""A set that is easy to learn: one quadrant of each noisy picture is bright, and gives the class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.dataset import Dataset, read_dataset

CLASSES = ("bottom-left", "bottom-right", "top-left", "top-right")


def draw_quadrants(root: Path, *, train: int = 12, val: int = 6, size_px: int = 32) -> Dataset:
    """Write so many pictures a class as PNG below `root`, and read them."""
    random = np.random.default_rng(7)
    for split, count in (("train", train), ("val", val)):
        for label in CLASSES:
            folder = root / split / label
            folder.mkdir(parents=True)
            for index in range(count):
                _picture(label, size_px, random).save(folder / f"{index:02}.png")
    return read_dataset(root)


def _picture(label: str, size_px: int, random: np.random.Generator) -> Image.Image:
    pixels = random.integers(0, 120, (size_px, size_px, 3), dtype=np.uint8)
    half = size_px // 2
    row = half if label.startswith("bottom") else 0
    column = half if label.endswith("right") else 0
    pixels[row : row + half, column : column + half] += 110
    return Image.fromarray(pixels)


def quick(*overrides: str) -> Sequence[str]:
    """Overrides for a run of seconds on 32 px without pretrained weights, and more of them."""
    return (
        "model.backbone=resnet10t",
        "model.pretrained=false",
        "model.dropout=0",
        "data.input_size=32",
        "data.crop=1.0",
        "data.batch_size=16",
        "training.epochs=2",
        "augmentation=[]",
        *overrides,
    )
