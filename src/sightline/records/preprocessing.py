"""What turns bytes into the network's input: declared here, stored in bundles, run by `images/` alone."""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field

from sightline.records.frozen import Frozen

ImageFormat = Literal["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM"]
Level = Annotated[int, Field(ge=0, le=255)]
Rgb = tuple[Level, Level, Level]


class ImageLimits(Frozen):
    """What a picture may be. All of it is checked before anything is decoded.

    `max_pixels` counts the declared width × height and cannot be raised above 89,478,485, the size at which
    Pillow itself begins to speak of a decompression bomb. Decoding takes up to about 25 bytes of memory a pixel.
    `max_segments` counts the parts of a file: segments, chunks, strips, tiles, blocks.
    """

    formats: tuple[ImageFormat, ...] = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
    max_bytes: int = Field(default=20 * 1024 * 1024, ge=1)
    max_pixels: int = Field(default=50_000_000, ge=1, le=89_478_485)
    max_scans: int = Field(default=100, ge=1)
    max_segments: int = Field(default=10_000, ge=1)


class Preprocessing(Frozen):
    """The way from encoded bytes to uint8 `[height_px, width_px, 3]`, RGB.

    resize
        `shortest`: the centre part of the picture that has the target's aspect ratio, `crop` of it along its
        side, is brought to the target (what others call resize-shorter-side, then centre crop);
        `squash`: the whole picture, its aspect ratio given up;
        `letterbox`: the whole picture at its aspect ratio, centred on `background`.
    crop
        With `shortest`: the share of the shorter side that is kept, in (0, 1]. 224 of 256 is 0.875.
    jpeg_reduction
        A large JPEG is decoded at 1/2, 1/4 or 1/8 as long as each side stays at least this many times what
        the resize needs. The pixels then differ a little from those of a full decode, so it stands here.
        None: always the full decode.
    background
        What shows through transparency, and the bars of a letterbox.
    """

    width_px: int = Field(ge=1, le=8192)
    height_px: int = Field(ge=1, le=8192)
    resize: Literal["shortest", "squash", "letterbox"] = "shortest"
    crop: float = Field(default=0.875, gt=0, le=1)
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    jpeg_reduction: float | None = Field(default=1.4, ge=1)
    background: Rgb = (255, 255, 255)
    limits: ImageLimits = ImageLimits()

    def digest(self) -> str:
        """SHA-256 of the canonical JSON of this specification, as 64 hexadecimal digits."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
