"""`make bench`: all measurements that need nothing but photos; the others say what they need with --help."""

import os
import subprocess
import sys


def main() -> None:
    photos = os.environ.get("BENCH_PHOTOS")
    if not photos:
        raise SystemExit(
            "Set BENCH_PHOTOS to a folder of ordinary JPEG photos: BENCH_PHOTOS=photos make bench"
        )
    subprocess.run([sys.executable, "-m", "benchmarks.images", photos], check=True)


if __name__ == "__main__":
    main()
