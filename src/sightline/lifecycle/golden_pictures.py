"""Which pictures become golden: some of the data, and a few made from them that reach the rarer rules.

A line's own pictures are seldom rotated, transparent or large; the machine that the bundle goes to may get
such ones all the same, and shall treat them as they were treated here. Two are strangers, a blank picture and noise:
where the bundle rejects them, it shall do so everywhere.
"""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from sightline.dataset import Dataset, Sample, read_sample
from sightline.images import decode_image, inspect_image
from sightline.records import Preprocessing

_COUNT = 8
_GREY = 128
_LARGEST_BYTES = 1_000_000
_LARGEST_PIXELS = 16_000_000
_SUFFIX = {"JPEG": "jpg", "TIFF": "tif"}


def choose_golden(dataset: Dataset, spec: Preprocessing) -> dict[str, bytes]:
    """Return encoded pictures by their names in the bundle.

    They are up to eight samples, three made from the first, and two strangers.
    """
    encoded = [read_sample(dataset, sample, spec.limits) for sample in _spread(dataset)]
    formats = [inspect_image(data, spec.limits).format for data in encoded]
    pictures = {
        f"golden/{index:02}.{_SUFFIX.get(form, form.lower())}": data
        for index, (data, form) in enumerate(zip(encoded, formats, strict=True))
    }
    return pictures | _probes(encoded[0], spec) | _strangers(spec)


def _spread(dataset: Dataset) -> list[Sample]:
    """Take one of each combination of labels in turn, to see as many as possible; small files if there are any."""
    by_labels: dict[tuple[str, ...], list[Sample]] = {(label,): [] for label in dataset.labels}
    for sample in dataset.samples:
        by_labels.setdefault(sample.labels, []).append(sample)
    queues: Sequence[list[Sample]] = [
        [s for s in samples if s.size_bytes <= _LARGEST_BYTES] or samples[:1]
        for samples in by_labels.values()
    ]
    chosen: list[Sample] = []
    for turn in range(_COUNT):
        chosen += [queue[turn] for queue in queues if turn < len(queue)]
    return chosen[:_COUNT]


def _probes(encoded: bytes, spec: Preprocessing) -> dict[str, bytes]:
    whole = spec.model_copy(update={"jpeg_reduction": None})
    picture = Image.fromarray(decode_image(encoded, whole))
    picture.thumbnail((512, 512))
    turned = Image.Exif()
    turned[0x0112] = 6
    probes = {
        "golden/rotated.jpg": _encode(picture, "JPEG", exif=turned, quality=90),
        "golden/transparent.png": _encode(_fading(picture), "PNG"),
    }
    size = _enlarged_size(picture, spec)
    if size is not None:
        large = picture.resize(size, Image.Resampling.BICUBIC)
        probes["golden/large.jpg"] = _encode(large, "JPEG", quality=80)
    return probes


def _strangers(spec: Preprocessing) -> dict[str, bytes]:
    shape = (spec.height_px, spec.width_px, 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return {
        "golden/blank.png": _encode(Image.fromarray(np.full(shape, _GREY, np.uint8)), "PNG"),
        "golden/noise.jpg": _encode(Image.fromarray(noise), "JPEG", quality=90),
    }


def _fading(picture: Image.Image) -> Image.Image:
    alpha = np.linspace(0, 255, picture.width, dtype=np.uint8)[np.newaxis].repeat(picture.height, axis=0)
    faded = picture.convert("RGBA")
    faded.putalpha(Image.fromarray(alpha))
    return faded


def _enlarged_size(picture: Image.Image, spec: Preprocessing) -> tuple[int, int] | None:
    """Just large enough to be decoded at half its size; None if it never is, or would be very large."""
    if spec.jpeg_reduction is None:
        return None
    needed = 2 * spec.jpeg_reduction * max(spec.width_px, spec.height_px) / spec.crop + 2
    scale = needed / min(picture.size)
    width, height = round(picture.width * scale), round(picture.height * scale)
    return (width, height) if width * height <= min(_LARGEST_PIXELS, spec.limits.max_pixels) else None


def _encode(picture: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()
