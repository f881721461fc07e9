"""The `Server-Timing` header: where the time went, for browsers to show."""

from collections.abc import Sequence

from sightline.records import Timings


def server_timing(timings: Sequence[Timings]) -> str:
    """Sum the stages of all images for the `Server-Timing` header (W3C), in milliseconds."""
    stages = ("queue", "decode", "preprocess", "infer", "decide")
    sums = {stage: sum(getattr(timing, f"{stage}_ms") for timing in timings) for stage in stages}
    return ", ".join(f"{stage};dur={milliseconds:.3f}" for stage, milliseconds in sums.items())
