"""The same work over many items on several threads, its results in order and its memory bounded."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Progress = Callable[[int, int], None]
"""Called with (done, total), from the calling thread, once for each item."""

T = TypeVar("T")
R = TypeVar("R")
_AHEAD_PER_WORKER = 4


def in_order(
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    workers: int | None = None,
    ahead: int | None = None,
    progress: Progress | None = None,
) -> Iterator[R]:
    """Results of `work` in the order of the items; only `ahead` of them are ever waiting to be taken.

    Threads pay off where the work releases the interpreter: reading, hashing, decoding, resizing, inference.
    They are one a core unless `workers` says otherwise. What `work` raises is raised here, at its item; items
    that have not begun are then dropped.
    """
    count = workers or os.cpu_count() or 1
    room = ahead or count * _AHEAD_PER_WORKER
    waiting: deque[Future[R]] = deque()
    upcoming = iter(items)
    with ThreadPoolExecutor(count, thread_name_prefix="sightline") as pool:
        try:
            for done in range(1, len(items) + 1):
                waiting.extend(pool.submit(work, item) for item in islice(upcoming, room - len(waiting)))
                result = waiting.popleft().result()
                if progress is not None:
                    progress(done, len(items))
                yield result
        finally:
            for future in waiting:
                future.cancel()
