"""Load that takes little of the machine that it shares with the server: `light_load.c`, which only counts.

A request with a photo costs it 0.08 ms of one core. `benchmarks.serving.load`, in Python, looks at the answers.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compiled import build
from benchmarks.serving.load import Load


class LightLoad:
    """The load generator, built in a folder."""

    def __init__(self, folder: Path) -> None:
        program = build(Path(__file__).with_name("light_load.c"), folder / "light_load")
        if program is None:
            raise SystemExit("There is no C compiler `cc`: the load generator needs one.")
        self._program = program

    def closed(
        self, place: tuple[str, int], path: str, bodies: Sequence[Path], *, askers: int, seconds: float
    ) -> Load:
        """So many askers, each with one request at a time."""
        return self._run(place, path, bodies, 0, askers, seconds)

    def open(
        self, place: tuple[str, int], path: str, bodies: Sequence[Path], *, rate: float, seconds: float
    ) -> Load:
        """Requests a second, whether or not answers come back, over 2,048 connections at most."""
        return self._run(place, path, bodies, rate, 2048, seconds)

    def _run(
        self,
        place: tuple[str, int],
        path: str,
        bodies: Sequence[Path],
        rate: float,
        connections: int,
        seconds: float,
    ) -> Load:
        host, port = place
        numbers = [str(port), path, f"{rate:.6f}", str(connections), f"{seconds:.6f}"]
        command = [str(self._program), host, *numbers, *map(str, bodies)]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        load = Load(lasted_s=float(lines.pop()))
        for line in lines:
            status, taken_s = line.split()
            if status == "0":
                load.errors["failed connections"] += 1
            else:
                load.seconds.setdefault(int(status), []).append(float(taken_s))
        return load
