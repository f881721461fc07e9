"""Which machine this is, as far as speed depends on it."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sightline.inference.cuda_driver import gpu_name
from sightline.records import Frozen


class Machine(Frozen):
    """What a measured speed holds for: another processor, number of cores or runtime is another machine."""

    cpu: str
    cores: int
    gpu: str | None = None
    runtimes: dict[str, str]


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        gpu=gpu_name(),
        runtimes=package_versions(("onnxruntime", "onnxruntime-gpu", "openvino")),
    )


def cpu_name() -> str:
    """The processor's name as its maker gives it, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def package_versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions by package; those not installed are left out."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
