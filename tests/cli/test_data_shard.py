"""`sightline data shard`, as a user calls it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sightline.cli.main import app
from sightline.dataset import read_dataset, read_table
from sightline.demo import DemoOptions, generate_dataset
from sightline.errors import InputError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generate_dataset(tmp_path / "set", DemoOptions(images=40, damaged=0.1))
    return tmp_path / "set"


def test_a_folder_is_packed_and_told_as_json(folder: Path, tmp_path: Path) -> None:
    result = run("shard", folder, tmp_path / "out", "--size-mb", 1, "--json")

    told = json.loads(result.stdout)
    whole = read_dataset(folder)
    assert told["pictures"] == len(whole) == sum(one["pictures"] for one in told["shards"])
    assert told["quarantined"] == len(whole.quarantine) > 0
    assert {one["name"] for one in told["shards"]} == {path.name for path in (tmp_path / "out").glob("*.tar")}


def test_a_table_is_packed_by_its_splits_and_divided_no_further(folder: Path, tmp_path: Path) -> None:
    run("split", folder)
    table = read_table(tmp_path / "set.parquet")

    assert run("shard", tmp_path / "set.parquet", tmp_path / "out").exit_code == 0
    assert run("split", tmp_path / "out").exit_code == 0

    again = read_table(tmp_path / "out.parquet")
    assert {(one.sha256, one.split) for one in again.samples} == {
        (one.sha256, one.split) for one in table.samples
    }
    assert again.store.location == str(tmp_path / "out")


def test_the_report_of_shards_has_the_pictures_in_it(folder: Path, tmp_path: Path) -> None:
    run("shard", folder, tmp_path / "out")

    result = run("check", tmp_path / "out", "--out", tmp_path / "report")

    assert result.exit_code == 0
    assert "data:image/webp" in (tmp_path / "report/report.html").read_text()


def test_groups_are_packed_with_the_pictures(folder: Path, tmp_path: Path) -> None:
    run("shard", folder, tmp_path / "out", "--group-by", r"(piece\d+)")

    groups = {sample.group for sample in read_dataset(tmp_path / "out").samples}

    assert groups == {sample.group for sample in read_dataset(folder, group_by=r"(piece\d+)").samples}
    assert None not in groups


@pytest.mark.parametrize(
    "out, match",
    [("set", "is there already"), ("s3://plant/out", "is an address. Name a folder on this machine")],
)
def test_what_cannot_be_written_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, match: str
) -> None:
    monkeypatch.chdir(tmp_path)

    result = run("shard", folder, out)

    assert isinstance(result.exception, InputError)
    assert match in str(result.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
