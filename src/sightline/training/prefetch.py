"""The same work over many items on several threads, in order, a fixed number of items ahead."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def prefetch(work: Callable[[T], R], items: Sequence[T], *, workers: int, ahead: int) -> Iterator[R]:
    """Results of `work` in the order of the items, up to `ahead` of them made before they are asked for.

    Threads, not processes: decoding and torch let go of the interpreter, and pixels need no pickling. What
    `work` raises is raised at its item; items that have not begun are then dropped.
    """
    upcoming = iter(items)
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="pictures") as pool:
        try:
            for _ in items:
                while len(waiting) < ahead and (item := next(upcoming, None)) is not None:
                    waiting.append(pool.submit(work, item))
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
