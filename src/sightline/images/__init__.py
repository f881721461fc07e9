"""Bytes to pixels: the one and only decode and preprocess."""

from sightline.images.formats import ImageInfo, inspect_image
from sightline.images.pipeline import (
    as_rgb,
    decode_image,
    decode_upright,
    preprocess_image,
    preprocess_timed,
    read_image_file,
    resize_image,
)
from sightline.images.stages import Observer, StageReport, describe_stage

__all__ = [
    "ImageInfo",
    "Observer",
    "StageReport",
    "as_rgb",
    "decode_image",
    "decode_upright",
    "describe_stage",
    "inspect_image",
    "preprocess_image",
    "preprocess_timed",
    "read_image_file",
    "resize_image",
]
