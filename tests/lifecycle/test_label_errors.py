import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.dataset import Dataset, read_dataset
from sightline.errors import DatasetError
from sightline.inference import load
from sightline.lifecycle.label_errors import BundleEmbedder, embed_dataset, review_labels

COLOURS = {"crack": (200, 30, 30), "good": (30, 200, 30)}


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red pictures are cracks and green ones good, but for one red one among the good."""
    root = tmp_path_factory.mktemp("painted")
    rng = np.random.default_rng(0)
    for index in range(40):
        label = ("crack", "good")[index % 2]
        folder = "good" if index == 0 else label
        pixels = np.clip(COLOURS[label] + rng.normal(0, 25, (32, 32, 3)), 0, 255).astype(np.uint8)
        (root / folder).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(root / folder / f"{index:02}.png")
    return root


def sightline(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sightline", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=wide)


def test_the_wrong_label_comes_first_with_a_bundle_and_progress_reaches_the_end(
    bundle: Path, painted: Path
) -> None:
    told = []

    review = review_labels(
        read_dataset(painted),
        BundleEmbedder(load(bundle)),
        progress=lambda done, total: told.append((done, total)),
    )

    worst = review.suspects[0]
    assert (worst.path, worst.given, worst.suggested) == ("good/00.png", ("good",), ("crack",))
    assert told[-1] == (40, 40)


def test_embeddings_keep_the_order_of_the_samples(bundle: Path, painted: Path) -> None:
    dataset, embedder = read_dataset(painted), BundleEmbedder(load(bundle))

    embeddings = embed_dataset(dataset, embedder)
    last = embed_dataset(dataset.take([39]), embedder)

    assert embeddings.shape == (40, 4)
    assert np.allclose(embeddings[39], last[0], atol=1e-5)


def test_excluded_pictures_are_not_judged(bundle: Path, painted: Path) -> None:
    dataset = read_dataset(painted)
    splits = ["excluded" if sample.path == "good/00.png" else None for sample in dataset.samples]

    review = review_labels(dataset.with_columns({"split": splits}), BundleEmbedder(load(bundle)))

    assert len(review.suspects) == 39
    assert "good/00.png" not in {one.path for one in review.suspects}


def test_nothing_left_to_judge_is_said(bundle: Path, painted: Path) -> None:
    dataset: Dataset = read_dataset(painted)
    none = replace(dataset, table=dataset.table.slice(0, 0))

    with pytest.raises(DatasetError, match="no picture left"):
        review_labels(none, BundleEmbedder(load(bundle)))


def test_the_command_writes_table_and_page_and_its_corrections_come_back(
    bundle: Path, painted: Path, tmp_path: Path
) -> None:
    table, page, again = tmp_path / "suspects.csv", tmp_path / "labels.html", tmp_path / "again.csv"

    first = sightline("data", "labels", painted, "--bundle", bundle, "--out", table, "--html", page, "--json")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    table.write_text(
        f"file_name,label,sha256\n{rows[0]['file_name']},{rows[0]['suggested']},{rows[0]['sha256']}\n"
    )
    second = sightline("data", "labels", painted, "--bundle", bundle, "--corrections", table, "-o", again)

    report = json.loads(first.stdout)
    assert first.returncode == 0
    assert (rows[0]["file_name"], rows[0]["label"]) == ("good/00.png", "")
    assert [one["path"] for one in report["suspects"]] == [row["file_name"] for row in rows]
    assert "data:image/webp" in page.read_text()
    assert second.returncode == 0
    assert "1 labels were changed" in second.stderr
    assert "good/00.png" not in again.read_text().splitlines()[1]


def test_near_copies_are_tied_and_what_they_are_called_is_said(
    bundle: Path, painted: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(painted, tmp_path / "data")
    with Image.open(data / "good/00.png") as picture:
        picture.save(data / "crack/copy.jpg", quality=98, subsampling=0)

    done = sightline("data", "labels", data, "--bundle", bundle, "-o", tmp_path / "s.csv", "--json")

    worst = json.loads(done.stdout)["suspects"][0]
    assert (worst["path"], worst["tied"], worst["flagged"]) == ("good/00.png", {"crack": 1}, True)


@pytest.mark.parametrize(
    "options, match",
    [
        pytest.param([], "one of --bundle and --backbone", id="neither"),
        pytest.param(["--bundle", "b", "--backbone", "n"], "one of --bundle and --backbone", id="both"),
        pytest.param(["--bundle", "b", "--weights", "w"], "a bundle has its own", id="weights"),
        pytest.param(["--bundle", "b", "--out", "nowhere/s.csv"], "no folder 'nowhere'", id="no folder"),
    ],
)
def test_options_that_do_not_fit_are_told(painted: Path, options: list[str], match: str) -> None:
    result = sightline("data", "labels", painted, *options)

    assert result.returncode == 2
    assert match in result.stderr


def test_a_table_that_may_have_been_filled_in_is_not_overwritten(
    bundle: Path, painted: Path, tmp_path: Path
) -> None:
    table = tmp_path / "suspects.csv"
    table.write_text("my work")

    result = sightline("data", "labels", painted, "--bundle", bundle, "--out", table)

    assert result.returncode == 2
    assert "is there already" in result.stderr
    assert table.read_text() == "my work"


def test_the_bundle_path_imports_no_torch() -> None:
    script = (
        "import sys, sightline.lifecycle.label_errors, sightline.cli.data.labels;"
        "print(sorted({'torch', 'cleanlab', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
