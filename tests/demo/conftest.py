"""One set with every fault in it, made once for all tests that only look at it."""

from pathlib import Path
from typing import NamedTuple

import pytest

from sightline.demo import DemoOptions, DemoTruth, generate_dataset

FAULTY = DemoOptions(
    images=90,
    seed=7,
    layout="splits",
    shots_per_piece=2,
    exact_duplicates=0.1,
    near_duplicates=0.16,
    wrong_labels=0.1,
    damaged=0.15,
)


class Generated(NamedTuple):
    root: Path
    options: DemoOptions
    truth: DemoTruth

    def read(self, file_name: str) -> bytes:
        return (self.root / file_name).read_bytes()


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    root = tmp_path_factory.mktemp("demo") / "faulty"
    return Generated(root, FAULTY, generate_dataset(root, FAULTY))
