"""The process that `measure_footprint` starts: opens one graph, answers one picture, says what that took."""

import json
import sys
import time
from pathlib import Path
from typing import cast

import numpy as np

from sightline.bundle import Precision, Runtime
from sightline.inference.engine import open_graph


def main(began: str, path: str, runtime: str, precision: str, *shape: str) -> None:
    """Print seconds since `began` and the largest memory so far, as JSON."""
    graph = Path(path).read_bytes()
    engine = open_graph(graph, path, cast(Runtime, runtime), cast(Precision, precision), threads=1)
    engine.run(np.zeros((1, *map(int, shape)), np.uint8), ["logits", "embedding"])
    print(json.dumps({"start_s": time.time() - float(began), "memory_mib": _peak_mib()}))


def _peak_mib() -> float | None:
    # On Linux not by getrusage, whose peak a process inherits from the one that started it.
    status = Path("/proc/self/status")
    if status.is_file():
        (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 2**10
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_bytes / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main(*sys.argv[1:])
