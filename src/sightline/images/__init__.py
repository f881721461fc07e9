"""Bytes to pixels: the one and only decode and preprocess."""

from sightline.images.file_names import BAD_NAME, is_text_name, shown_name
from sightline.images.formats import InspectedImage, inspect_image
from sightline.images.geometry import Placement, place
from sightline.images.pipeline import (
    as_rgb,
    decode_image,
    decode_upright,
    full_size,
    preprocess_image,
    preprocess_timed,
    read_image_file,
    resize_image,
)
from sightline.images.stages import Observer, StageReport, describe_stage

__all__ = [
    "BAD_NAME",
    "InspectedImage",
    "Observer",
    "Placement",
    "StageReport",
    "as_rgb",
    "decode_image",
    "decode_upright",
    "describe_stage",
    "full_size",
    "inspect_image",
    "is_text_name",
    "place",
    "preprocess_image",
    "preprocess_timed",
    "read_image_file",
    "resize_image",
    "shown_name",
]
