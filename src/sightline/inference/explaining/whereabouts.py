"""From the network's input back to the picture: where each pixel went, and what was never seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.images import Placement
from sightline.inference.explaining.grid import FloatRows, interpolate


@dataclass(frozen=True)
class Whereabouts:
    """How an upright picture lies in the network's input.

    width_px, height_px
        Of the whole picture, upright, as any viewer shows it.
    placement
        Its box, in pixels of the picture as it was decoded, and where the box lands in the input.
    decoded_width_px, decoded_height_px
        Of the picture as it was decoded: smaller than the whole for a large JPEG.
    """

    width_px: int
    height_px: int
    placement: Placement
    decoded_width_px: int
    decoded_height_px: int

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A place of the input (0, 0 is the corner of its first pixel) in pixels of the whole picture."""
        left, top, right, bottom = self.placement.box
        across = (x - self.placement.left_px) / self.placement.width_px
        down = (y - self.placement.top_px) / self.placement.height_px
        return (
            (left + across * (right - left)) * self.width_px / self.decoded_width_px,
            (top + down * (bottom - top)) * self.height_px / self.decoded_height_px,
        )

    @property
    def seen_box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what the network saw, in pixels of the whole picture."""
        left, top = self.placement.left_px, self.placement.top_px
        return (
            *self.to_picture(left, top),
            *self.to_picture(left + self.placement.width_px, top + self.placement.height_px),
        )

    def bring_back(
        self, values: NDArray[np.float32], width_px: int, height_px: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Values float32 `[h, w]` on the input, on the picture at the size asked for.

        Returns float32 `[height_px, width_px]`, 0 where the network saw nothing of the picture, and bool of the
        same shape: what it saw.
        """
        left, top, right, bottom = self.placement.box
        across, seen_across = _places(width_px, self.decoded_width_px, left, right)
        down, seen_down = _places(height_px, self.decoded_height_px, top, bottom)
        columns = self.placement.left_px + across * self.placement.width_px - 0.5
        rows = self.placement.top_px + down * self.placement.height_px - 0.5
        seen = seen_down[:, np.newaxis] & seen_across[np.newaxis]
        return np.where(seen, interpolate(values, rows, columns), np.float32(0)), seen

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the input that show the picture: without the bars of a letterbox."""
        top, left = self.placement.top_px, self.placement.left_px
        return slice(top, top + self.placement.height_px), slice(left, left + self.placement.width_px)


def _places(count: int, length: int, start: float, end: float) -> tuple[FloatRows, NDArray[np.bool_]]:
    """Centres of `count` pixels over `length`, as shares of the way from `start` to `end`; which lie between."""
    centres = (np.arange(count) + 0.5) * length / count
    return (centres - start) / (end - start), (centres >= start) & (centres < end)
