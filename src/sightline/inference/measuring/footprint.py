"""What an engine costs before its first answer, in a process that does nothing else."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sightline.bundle import Precision, Runtime
from sightline.errors import BundleCorrupt
from sightline.records import Frozen

_TIMEOUT_S = 300


class Footprint(Frozen):
    """A process that has just answered its first picture.

    start_s
        Seconds since the process began.
    memory_mib
        The most that it held in memory. None: the system does not say.
    """

    start_s: float
    memory_mib: float | None


def measure_footprint(
    graph: bytes, runtime: Runtime, precision: Precision, shape: tuple[int, int, int]
) -> Footprint:
    """Open a graph in a fresh process and answer one picture of the shape (height, width, 3).

    Raises:
        BundleCorrupt: the process fails.
    """
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(graph)
        what = [str(time.time()), str(path), runtime, precision, *map(str, shape)]
        done = subprocess.run(  # noqa: S603, this interpreter and our own module
            [sys.executable, "-m", "sightline.inference.measuring.probe", *what],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise BundleCorrupt("model.onnx", f"{runtime} at {precision} does not start here: {last}")
    return Footprint.model_validate(json.loads(done.stdout))
