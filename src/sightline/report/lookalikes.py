"""Thumbnails of training pictures, where the very same files are still there."""

import hashlib
from collections.abc import Iterable, Mapping

from sightline.dataset.sources.store import Store
from sightline.errors import ImageError, InputError
from sightline.pages import inlined, thumbnail
from sightline.records import ImageLimits, Neighbour
from sightline.report.material import Explained


def draw_lookalikes(
    explained: Mapping[str, Explained], store: Store, limits: ImageLimits
) -> Mapping[str, str]:
    """A `data:` address by SHA-256, of each lookalike that the store holds under its path, unchanged."""
    wanted = {one.sha256: one for parts in explained.values() for one in parts.lookalikes}
    return dict(_drawn(wanted.values(), store, limits))


def _drawn(lookalikes: Iterable[Neighbour], store: Store, limits: ImageLimits) -> Iterable[tuple[str, str]]:
    for one in lookalikes:
        try:
            if store.refusal(one.id) is not None:
                continue
            data = store.read(one.id, limits)
            # The set that is judged may have another picture under the same name.
            if hashlib.sha256(data).hexdigest() == one.sha256:
                yield one.sha256, inlined(thumbnail(data, limits))
        except (ImageError, InputError):
            continue
