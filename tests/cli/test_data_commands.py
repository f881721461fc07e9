"""`sightline data check`, `split` and `diff`, as a user calls them."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sightline.cli.main import app
from sightline.dataset import read_table
from sightline.demo import DemoOptions, generate_dataset, read_truth
from sightline.errors import InputError

OPTIONS = DemoOptions(
    images=60, layout="splits", exact_duplicates=0.1, damaged=0.1, duplicates_cross_splits=True
)


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("leaky") / "set"
    generate_dataset(root, OPTIONS)
    return root


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    generate_dataset(tmp_path / "plain", DemoOptions(images=40, shots_per_piece=2))
    return tmp_path / "plain"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def parsed(result: Result) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(result.stdout)
    return found


def sides(table: Path) -> dict[str, str | None]:
    return {sample.sha256: sample.split for sample in read_table(table).samples}


def test_a_check_writes_its_report_and_tells_the_same_as_json(leaky: Path, tmp_path: Path) -> None:
    result = run("check", leaky, "--out", tmp_path / "report", "--json")

    assert result.exit_code == 0
    assert parsed(result) == json.loads((tmp_path / "report/report.json").read_text())
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "findings.csv",
        "quarantine.csv",
        "report.html",
        "report.json",
    ]


def test_the_quarantine_lists_exactly_the_damaged_files(leaky: Path, tmp_path: Path) -> None:
    run("check", leaky, "--out", tmp_path / "report")

    rows = (tmp_path / "report/quarantine.csv").read_text().splitlines()[1:]

    damaged = {image.file_name for image in read_truth(leaky).with_fault("damaged")}
    assert {row.partition(",")[0] for row in rows} == damaged


@pytest.mark.parametrize(
    "fail_on, code", [("leaks", 1), ("any", 1), ("wrong_extension,leaks", 1), ("light", 0)]
)
def test_a_check_fails_on_what_it_is_told_to(leaky: Path, tmp_path: Path, fail_on: str, code: int) -> None:
    result = run("check", leaky, "--out", tmp_path / "report", "--fail-on", fail_on)

    assert result.exit_code == code
    assert (tmp_path / "report/report.html").is_file()


def test_an_unknown_kind_is_refused_before_any_work(leaky: Path, tmp_path: Path) -> None:
    result = run("check", leaky, "--out", tmp_path / "report", "--fail-on", "leeks")

    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "report").exists()


def test_a_split_lies_beside_its_folder_and_parts_no_piece(plain: Path) -> None:
    result = run("split", plain, "--json", "--group-by", r"(piece\d+)")

    assert parsed(result)["parted_units"] == 0
    assert parsed(result)["random_split"]["leaked_share"] > 0
    groups: dict[str | None, set[str | None]] = {}
    for sample in read_table(plain.with_name("plain.parquet")).samples:
        groups.setdefault(sample.group, set()).add(sample.split)
    assert {len(found) for found in groups.values()} == {1}


def test_no_sample_changes_sides_when_others_come_and_go(plain: Path, tmp_path: Path) -> None:
    table = plain.with_name("plain.parquet")
    run("split", plain)
    before = sides(table)
    generate_dataset(tmp_path / "more", DemoOptions(images=40, seed=5))
    for path in sorted((tmp_path / "more").glob("*/*.*")):
        shutil.copy(path, plain / path.parent.name / f"more_{path.name}")
    for path in sorted(plain.glob("*/piece*"))[::7]:
        path.unlink()

    run("split", plain)

    after = sides(table)
    kept = before.keys() & after.keys()
    assert len(after) > len(kept) > 20
    assert {digest: after[digest] for digest in kept} == {digest: before[digest] for digest in kept}


def test_fresh_forgets_the_earlier_split(plain: Path) -> None:
    run("split", plain)
    before = sides(plain.with_name("plain.parquet"))

    run("split", plain, "--fresh", "--seed", 9)

    assert sides(plain.with_name("plain.parquet")) != before


def test_folds_cover_everything_but_test(plain: Path, tmp_path: Path) -> None:
    run("split", plain, "--folds", 3, "--out", tmp_path / "folds.parquet")

    folds = {(sample.split, sample.fold) for sample in read_table(tmp_path / "folds.parquet").samples}

    assert folds == {("train", 0), ("train", 1), ("train", 2), ("test", None)}


def test_a_diff_of_a_set_with_itself_finds_nothing(plain: Path) -> None:
    run("split", plain)
    table = plain.with_name("plain.parquet")

    result = run("diff", table, table, "--exit-code", "--json")

    assert result.exit_code == 0
    assert parsed(result)["is_same"] is True


def test_a_diff_counts_what_was_removed_and_relabelled(plain: Path, tmp_path: Path) -> None:
    run("split", plain)
    shutil.copy(plain.with_name("plain.parquet"), tmp_path / "old.parquet")
    first, second, *_ = sorted((plain / "crack").iterdir())
    first.unlink()
    second.rename(plain / "good" / second.name)
    run("split", plain)

    result = run("diff", tmp_path / "old.parquet", plain.with_name("plain.parquet"), "--exit-code", "--json")

    assert result.exit_code == 1
    counts = parsed(result)["counts"]
    assert (counts["removed"], counts["moved"], counts["relabelled"]) == (1, 1, 1)
