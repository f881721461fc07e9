"""How long one waits: `sightline --help`, and from starting a server to its first answer.

Baseline in the same run: an interpreter that only imports what any such program needs.
"""

import argparse
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.machine import describe_machine

_PORT = 18231


def run_seconds(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def first_answer_seconds(bundle: Path, picture: bytes) -> float:
    """From starting the process to the first 200 of /v1/predict, asked for every 10 ms."""
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", str(_PORT)]
    started = time.perf_counter()
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - started < 30:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/v1/predict", picture, timeout=5).close()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.01)
            else:
                return time.perf_counter() - started
        raise SystemExit("the server gave no answer within 30 s")
    finally:
        server.terminate()
        server.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    picture = options.picture.read_bytes()
    python = sys.executable
    rows: dict[str, list[float]] = {}
    for _ in range(options.rounds + 1):
        for name, seconds in (
            ("python -c 'import typer, rich'", run_seconds(python, "-c", "import typer, rich.console")),
            ("sightline --help", run_seconds(python, "-m", "sightline", "--help")),
            (
                "python -c 'import fastapi, uvicorn, numpy, onnxruntime, PIL'",
                run_seconds(python, "-c", "import fastapi, uvicorn, numpy, onnxruntime, PIL.Image"),
            ),
            ("sightline serve: first answer", first_answer_seconds(options.bundle, picture)),
        ):
            rows.setdefault(name, []).append(seconds)
    print("| what | median s | worst s |\n|---|---|---|")
    for name, values in rows.items():
        warm = values[1:]  # the first round fills the disk cache
        print(f"| `{name}` | {statistics.median(warm):.2f} | {max(warm):.2f} |")
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
