import numpy as np
import pytest

from sightline.errors import InputError
from sightline.lifecycle.views import read_views, seen_as


def test_a_picture_is_seen_as_it_is_and_then_in_each_view() -> None:
    pixels = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)

    plain, mirrored, upside_down, turned = seen_as(pixels, ("hflip", "vflip", "rot180"))

    assert plain is pixels
    assert (mirrored[0, 0] == pixels[0, 0, ::-1]).all()
    assert (upside_down[0, 0] == pixels[0, 1]).all()
    assert (turned[0] == np.rot90(pixels[0], 2)).all()


def test_views_are_read_once_each() -> None:
    assert read_views("hflip, vflip,hflip") == ("hflip", "vflip")
    assert read_views("") == ()


def test_a_view_that_is_not_known_is_named() -> None:
    with pytest.raises(InputError, match="'rot90' is no view. There are hflip, vflip, rot180"):
        read_views("hflip,rot90")
