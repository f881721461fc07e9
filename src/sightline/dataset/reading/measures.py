"""What is measured on every picture while it is decoded, once: columns of the table beside those of a sample."""

from typing import NamedTuple


class Measures(NamedTuple):
    """The look of one picture, for finding what is odd about it.

    Sharpness and colours may be taken from a sample of its pixels; `measure_picture` says how.

    format
        By content, as `ImageLimits.formats` spells it: `JPEG`, `PNG`.
    pixels_digest
        64 bits of a digest of the size, the luma of every pixel and the colours of 4,096, as 16 hexadecimal
        digits. Equal for files that decode to the same picture, and for no others that anyone could tell apart.
    brightness_low, brightness_high
        The 5th and the 95th percentile of the luma (ITU-R BT.601), 0 to 1.
    contrast
        The standard deviation of the luma, 0 to 0.5.
    entropy_bits
        Of the histogram of the luma in 256 levels, 0 to 8.
    sharpness
        The standard deviation of the Laplacian of the luma, divided by `contrast`; 0 for a plain picture.
    colourfulness
        The mean distance between the largest and the smallest of R, G and B of a pixel, 0 to 1.
    """

    format: str
    pixels_digest: str
    brightness_low: float
    brightness_high: float
    contrast: float
    entropy_bits: float
    sharpness: float
    colourfulness: float
