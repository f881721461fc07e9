"""At level `debug`: what stands at each boundary of a picture's way, and how much memory it takes."""

import contextlib
import logging
import mmap
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sightline.images import Observer, describe_stage
from sightline.monitoring import CURRENT

log = logging.getLogger("sightline.stages")

_PAGES = Path("/proc/self/statm")
_PAGE_BYTES = mmap.PAGESIZE


def stage_observer(image: int) -> Observer | None:
    """What logs the stages of this picture of the present request; None: nobody wants to know."""
    if not log.isEnabledFor(logging.DEBUG):
        return None
    notes = CURRENT.get()
    request_id = None if notes is None else notes.request_id

    def observe(stage: str, values: NDArray[Any]) -> None:
        fields: dict[str, Any] = {"request_id": request_id, "image": image, "stage": stage}
        if values.size:
            found = describe_stage(stage, values)
            fields |= {
                "shape": found.shape,
                "dtype": found.dtype,
                "min": found.minimum,
                "max": found.maximum,
                "mean": found.mean,
            }
        fields |= {"bytes": values.nbytes, "rss_bytes": _resident_bytes()}
        log.debug("stage", extra={"fields": fields})

    return observe


def _resident_bytes() -> int | None:
    """Of this process, where the system tells."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(_PAGES.read_text().split()[1]) * _PAGE_BYTES
    return None
