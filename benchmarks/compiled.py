"""The parts of benchmarks that are written in C, built where they are used."""

import shutil
import subprocess
from pathlib import Path


def build(source: Path, target: Path, *options: str) -> Path | None:
    """Compile one file; return the target, or None where there is no C compiler `cc`."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    subprocess.run([compiler, "-O2", *options, "-o", str(target), str(source)], check=True)
    return target
