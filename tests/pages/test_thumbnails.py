from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.errors import ImageDamaged
from sightline.pages import THUMBNAIL_PX, thumbnail
from sightline.records import ImageLimits


@pytest.mark.parametrize("size", [(1, 1), (3000, 10), (50, 60), (144, 144), (640, 480)], ids=str)
def test_a_thumbnail_is_small_and_keeps_its_aspect_ratio(size: tuple[int, int], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")

    (tmp_path / "small.webp").write_bytes(thumbnail((tmp_path / "a.png").read_bytes(), ImageLimits()))

    assert (tmp_path / "small.webp").stat().st_size < 7000
    with Image.open(tmp_path / "small.webp") as small:
        assert max(small.size) == min(THUMBNAIL_PX, max(size))
        assert (
            small.width / small.height == pytest.approx(size[0] / size[1], rel=0.05) or min(small.size) == 1
        )


def test_a_thumbnail_of_something_else_is_refused() -> None:
    with pytest.raises(ImageDamaged, match="empty"):
        thumbnail(b"", ImageLimits())
