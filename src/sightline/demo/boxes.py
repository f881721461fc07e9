"""Where something is in a picture."""

from typing import NamedTuple


class Box(NamedTuple):
    """Pixels x0 ≤ x < x1, y0 ≤ y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """x1 - x0, in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """y1 - y0, in pixels."""
        return self.y1 - self.y0

    def around(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(
            min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1)
        )

    def clipped(self, width: int, height: int) -> "Box":
        """What of the box lies in a picture of this size."""
        return Box(max(self.x0, 0), max(self.y0, 0), min(self.x1, width), min(self.y1, height))
