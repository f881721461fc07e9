"""What the C library does with memory that is no longer used: it keeps it, unless it is told otherwise.

ONNX Runtime parses a graph into memory that it frees again, as much as the graph and more; and each thread that decodes
gets a heap of its own, whose gaps no other thread can use. On a C library other than glibc these do nothing.
"""

import contextlib
import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_… of <malloc.h>
_HEAPS, _KEPT_BYTES, _LARGE_BYTES = 2, 4 * 1024 * 1024, 4 * 1024 * 1024


def share_heaps() -> None:
    """Let all threads that come use two heaps in all, which keep little; to be called before they are started.

    What is large comes straight from the system and goes back to it; left alone glibc learns to put everything between
    what stays. Buffers of a usual picture are not large: pages that are new each time cost 0.7 ms of 9.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_ARENA_MAX, _HEAPS)
            library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
            library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Return to the system what was freed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
