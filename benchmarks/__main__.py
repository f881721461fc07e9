"""`make bench`: all measurements that need nothing but photos, and with BENCH_DATASET that of the check.

The others say what they need with --help.
"""

import os
import subprocess
import sys


def main() -> None:
    photos = os.environ.get("BENCH_PHOTOS")
    if not photos:
        raise SystemExit(
            "Set BENCH_PHOTOS to a folder of ordinary JPEG photos: BENCH_PHOTOS=photos make bench"
        )
    run("benchmarks.images", photos)
    run("benchmarks.tables")
    run("benchmarks.figures")
    if dataset := os.environ.get("BENCH_DATASET"):
        run("benchmarks.check", dataset)


def run(*module_and_arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *module_and_arguments], check=True)


if __name__ == "__main__":
    main()
