"""What is asked of CUDA's driver itself, for ONNX Runtime's Python interface does not do it."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_FOR_ALL_CONTEXTS = 1


class _NoDriver(Exception):
    pass


def gpu_name() -> str | None:
    """The first GPU's name as its maker gives it; None: there is none that CUDA can use."""
    name = ctypes.create_string_buffer(256)
    device = ctypes.c_int()
    try:
        driver = _driver()
        _checked(driver.cuDeviceGet(ctypes.byref(device), 0))
        _checked(driver.cuDeviceGetName(name, len(name), device))
    except _NoDriver:
        return None
    return name.value.decode("utf-8", "replace")


def lock_pages(array: NDArray[np.uint8]) -> bool:
    """Lock an array's memory, so that the first GPU fetches from it itself: CUDA calls it page-locked, or pinned.

    Whether that could be done. Without it copies are slower, no more.
    """
    try:
        with _first_gpu() as driver:
            size = ctypes.c_size_t(array.nbytes)
            _checked(driver.cuMemHostRegister_v2(ctypes.c_void_p(array.ctypes.data), size, _FOR_ALL_CONTEXTS))
    except _NoDriver:
        return False
    return True


def unlock_pages(array: NDArray[np.uint8]) -> None:
    """Let go of what `lock_pages` has locked, before the memory is given back."""
    try:
        with _first_gpu() as driver:
            driver.cuMemHostUnregister(ctypes.c_void_p(array.ctypes.data))
    except _NoDriver:
        pass


@contextmanager
def _first_gpu() -> Iterator[Any]:
    """The driver, with the context that CUDA's runtime, and so ONNX Runtime, uses on the first GPU."""
    driver = _driver()
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _checked(driver.cuDeviceGet(ctypes.byref(device), 0))
    _checked(driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
    try:
        _checked(driver.cuCtxPushCurrent_v2(context))
        try:
            yield driver
        finally:
            driver.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
    finally:
        driver.cuDevicePrimaryCtxRelease_v2(device)


def _driver() -> Any:
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError as err:
        raise _NoDriver from err
    _checked(driver.cuInit(0))
    return driver


def _checked(code: int) -> None:
    if code:
        raise _NoDriver
