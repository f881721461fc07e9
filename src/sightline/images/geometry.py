"""Which part of the picture goes where: arithmetic on sizes, no pixels."""

from dataclasses import dataclass

from sightline.records import Preprocessing

# libjpeg reconstructs 8 × 8 blocks at 1/2, 1/4 or 1/8 of their side for a fraction of the cost.
_REDUCTIONS = (8, 4, 2)


@dataclass(frozen=True)
class Placement:
    """The source box (left, top, right, bottom; in pixels, fractions allowed) and where it lands in the target."""

    box: tuple[float, float, float, float]
    width_px: int
    height_px: int
    left_px: int = 0
    top_px: int = 0


def place(width_px: int, height_px: int, spec: Preprocessing) -> Placement:
    """Map a picture of the given size (upright) to the target of the specification."""
    whole = (0.0, 0.0, float(width_px), float(height_px))
    if spec.resize == "squash":
        return Placement(whole, spec.width_px, spec.height_px)
    if spec.resize == "letterbox":
        scale = min(spec.width_px / width_px, spec.height_px / height_px)
        inner_width = max(1, round(width_px * scale))
        inner_height = max(1, round(height_px * scale))
        left, top = (spec.width_px - inner_width) // 2, (spec.height_px - inner_height) // 2
        return Placement(whole, inner_width, inner_height, left, top)
    return Placement(_centre_box(width_px, height_px, spec), spec.width_px, spec.height_px)


def jpeg_reduction(width_px: int, height_px: int, spec: Preprocessing) -> int:
    """Return 1, 2, 4 or 8: by how much the sides of this picture (upright) may shrink while decoding."""
    if spec.jpeg_reduction is None:
        return 1
    target = place(width_px, height_px, spec)
    left, top, right, bottom = target.box
    spare = min((right - left) / target.width_px, (bottom - top) / target.height_px) / spec.jpeg_reduction
    return next((reduction for reduction in _REDUCTIONS if spare >= reduction), 1)


def _centre_box(width_px: int, height_px: int, spec: Preprocessing) -> tuple[float, float, float, float]:
    aspect = spec.width_px / spec.height_px
    box_width = min(width_px, height_px * aspect) * spec.crop
    box_height = box_width / aspect
    left, top = (width_px - box_width) / 2, (height_px - box_height) / 2
    return (left, top, left + box_width, top + box_height)
