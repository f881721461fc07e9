"""One file of a source, opened: what it is, or why it is set aside."""

import hashlib
from dataclasses import dataclass

from sightline.dataset.duplicates import fingerprint
from sightline.dataset.reading.ledger import Entry
from sightline.dataset.reading.measure import measure_picture
from sightline.dataset.reading.measures import Measures
from sightline.dataset.sample import Quarantined, Sample
from sightline.dataset.sources.listing import Listed
from sightline.dataset.sources.store import Store
from sightline.errors import ImageError, InputError, StoreUnreachable
from sightline.images import decode_upright, inspect_image
from sightline.records import Preprocessing


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture that decodes: its row, its measures, its fingerprint as bytes."""

    sample: Sample
    measures: Measures
    print: bytes


Outcome = Opened | Quarantined


def open_picture_file(
    store: Store, spec: Preprocessing, file: Listed, known: Entry | None
) -> tuple[Outcome, Entry | None]:
    """Open a file, unless it is known and has not changed.

    Returns what came of it, and the entry for the ledger, or None where there is nothing new to remember.

    Raises:
        StoreUnreachable: not this file, but the whole store.
    """
    refused = store.refusal(file.path)
    if refused is not None:
        return refused, None
    try:
        stamp = store.stamp(file.path)
        if known is not None and known.stamp == stamp:
            return _recalled(file, known), None
        data = store.read(file.path, spec.limits)
    except ImageError as err:
        return Quarantined(file.path, err.reason, str(err)), None
    except StoreUnreachable:
        raise
    except InputError as err:
        return Quarantined(file.path, "unreadable", str(err)), None
    entry = _examined(data, spec, stamp)
    return _recalled(file, entry), entry


def _examined(data: bytes, spec: Preprocessing, stamp: str) -> Entry:
    try:
        image_format = inspect_image(data, spec.limits).format
        picture = decode_upright(data, spec)
    except ImageError as err:
        return Entry(stamp, [err.reason, str(err)], None)
    facts = [picture.width, picture.height, len(data), hashlib.sha256(data).hexdigest()]
    grey = picture.convert("L")
    measures = measure_picture(picture, grey, image_format)
    return Entry(stamp, [*facts, *measures], fingerprint(grey).tobytes())


def _recalled(file: Listed, entry: Entry) -> Outcome:
    facts: list[object] = entry.facts
    if entry.print is None:
        reason, message = facts
        return Quarantined(file.path, reason, message)  # type: ignore[arg-type]
    width, height, size, sha256, *measures = facts
    if file.sha256 not in (None, sha256):
        return Quarantined(file.path, "changed", "Its content is not what the table was written from.")
    sample = Sample(
        path=file.path,
        labels=file.labels,
        group=file.group,
        split=file.split,
        width_px=width,  # type: ignore[arg-type]
        height_px=height,  # type: ignore[arg-type]
        size_bytes=size,  # type: ignore[arg-type]
        sha256=sha256,  # type: ignore[arg-type]
        fold=file.fold,
        extra=file.extra,
    )
    return Opened(sample, Measures(*measures), entry.print)  # type: ignore[arg-type]
