"""Memory that a step gives back is kept for the next step, instead of being fetched from the system anew."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # <malloc.h>
_NEVER = 2**31 - 1


def keep_memory() -> bool:
    """Tell glibc's allocator not to return large blocks to the system; False where there is no glibc.

    A training step on the CPU allocates and frees hundreds of megabytes. By default each block beyond 32 MiB is mapped
    anew, and every page of it is a fault: a fifth of a step, a third of a forward pass. The process then keeps the
    most memory that it has ever used, which a training does anyway.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
