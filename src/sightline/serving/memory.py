"""What the C library does with memory that is no longer used: it keeps it, unless it is told otherwise.

ONNX Runtime parses a graph into memory that it frees again, as much as the graph and more; and each thread that decodes
gets a heap of its own, whose gaps no other thread can use. On a C library other than glibc these do nothing.
"""

import contextlib
import ctypes
import sys

_ARENA_MAX = -8  # M_ARENA_MAX of <malloc.h>
_HEAPS = 2


def share_heaps() -> None:
    """Let all threads that come use two heaps in all; to be called before they are started."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Return to the system what was freed."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
