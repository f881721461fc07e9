"""Picture files on disk, drawn on the spot; the fixture `draw` of a folder of tests hands it out."""

from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image


class Draw(Protocol):
    """Writes a picture whose content follows from its path, or from `like`."""

    def __call__(self, path: str, size: tuple[int, int] = (12, 8), like: str | None = None) -> Path: ...


def draw_below(root: Path) -> Draw:
    def draw(path: str, size: tuple[int, int] = (12, 8), like: str | None = None) -> Path:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(list((like or path).encode()))
        Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).save(target)
        return target

    return draw
