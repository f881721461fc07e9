"""The camera's orientation mark (EXIF tag 0x0112), applied so that up is up.

A damaged EXIF block or a value outside 1 to 8 counts as upright: the pixels themselves are whole.
"""

from PIL import Image

from sightline.images.plain_jpeg import PlainJpeg

_ORIENTATION = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(picture: Image.Image | PlainJpeg) -> int:
    """Return the mark, 1 to 8; 1 (upright) where there is none. Pillow itself turns a TIFF upright on loading."""
    try:
        mark = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # Pillow's EXIF reader raises whatever damaged bytes make it stumble over
        return 1
    return mark if mark in _TRANSPOSE else 1


def turn_upright(picture: Image.Image, mark: int) -> Image.Image:
    """Undo the camera's rotation or mirroring."""
    return picture.transpose(_TRANSPOSE[mark]) if mark in _TRANSPOSE else picture


def swaps_sides(mark: int) -> bool:
    """Say whether width and height change places."""
    return mark >= 5
