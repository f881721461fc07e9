"""The `Server-Timing` header: where the time went, for browsers to show."""

from collections.abc import Sequence

from sightline.records import Timings


def server_timing(timings: Sequence[Timings]) -> str:
    """Sum the stages of all images for the `Server-Timing` header (W3C), in milliseconds."""
    each = [(one.queue_ms, one.decode_ms, one.preprocess_ms, one.infer_ms, one.decide_ms) for one in timings]
    queue, decode, preprocess, infer, decide = map(sum, zip(*each, strict=True))
    return (
        f"queue;dur={queue:.3f}, decode;dur={decode:.3f}, preprocess;dur={preprocess:.3f}, "
        f"infer;dur={infer:.3f}, decide;dur={decide:.3f}"
    )
