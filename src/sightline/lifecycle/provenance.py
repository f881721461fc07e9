"""Where and with what a bundle was made."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from sightline.inference import measuring

_PACKAGES = (
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pillow",
    "simplejpeg",
    "timm",
    "torch",
    "torchvision",
)


def package_versions(names: Sequence[str] = _PACKAGES) -> dict[str, str]:
    """Return the versions of the packages that pixels and numbers depend on; those not installed are left out."""
    return measuring.package_versions(names)


def python_version() -> str:
    """Return the interpreter and its version."""
    return f"{sys.implementation.name} {platform.python_version()}"


def hardware(device: str) -> dict[str, str | int]:
    """Describe this machine. `device`: where training ran, `cpu` or `cuda`."""
    return {
        "device": device,
        "cpu": measuring.cpu_name(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
    }


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
