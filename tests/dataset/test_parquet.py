import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sightline.dataset import Dataset, Quarantined, Sample, read_table, write_table
from sightline.dataset.reading.measures import Measures
from sightline.errors import DatasetError, InputError, SightlineError

LOOK = Measures("PNG", "0123456789abcdef", 0.1, 0.9, 0.2, 6.0, 1.0, 0.3)


def make(folder: Path) -> Dataset:
    samples = [
        Sample("a/1.png", ("a",), "g", "train", 4, 5, 100, "x1", 0, 7, {"camera": "left"}),
        Sample("a/2.png", ("a", "b"), None, "test", 6, 7, 200, "x2"),
        Sample("b/ä.png", (), None, "excluded", 8, 9, 300, "x3", None, None, {"date": ""}),
    ]
    aside = [Quarantined("a/bad.png", "truncated", "The file ends early.")]
    dataset = Dataset.of(folder / "images", ("a", "b"), samples, aside, [LOOK, LOOK, LOOK])
    return replace(dataset, notes=("A note.",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set" / "images").mkdir(parents=True)
    return (tmp_path / "set").resolve()


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)


def rewrite_metadata(path: Path, changes: Mapping[str, Any]) -> None:
    table = pq.read_table(path)
    metadata = json.loads(table.schema.metadata[b"sightline"]) | changes
    pq.write_table(table.replace_schema_metadata({b"sightline": json.dumps(metadata)}), path)


def cells(column: str, row: int, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        field = table.schema.field(column)
        return table.set_column(table.schema.get_field_index(column), field, pa.array(values, field.type))

    return change


def test_a_table_comes_back_as_it_was_written(folder: Path) -> None:
    dataset = make(folder)

    digest = write_table(dataset, folder / "set.parquet")

    assert digest == dataset.digest()
    assert read_table(folder / "set.parquet") == dataset
    assert [path.name for path in sorted(folder.iterdir())] == ["images", "set.parquet"]


def test_a_table_without_rows_comes_back(folder: Path) -> None:
    dataset = make(folder).take([])

    write_table(dataset, folder / "set.parquet")

    assert read_table(folder / "set.parquet") == dataset


def test_table_and_folder_move_together(folder: Path) -> None:
    write_table(make(folder), folder / "set.parquet")
    moved = folder.rename(folder.parent / "elsewhere")

    assert read_table(moved / "set.parquet").store.location == str(moved / "images")


def test_equal_sets_give_equal_bytes_however_their_tables_came_to_be(folder: Path) -> None:
    # Several pages a column, whose edges would follow the pieces.
    rows = [Sample(f"{row:04}" + "x" * 1000, ("a",), None, None, 1, 1, 1, f"{row}") for row in range(3000)]
    dataset = Dataset.of(folder / "images", ("a",), rows)
    pieced = replace(
        dataset, table=pa.concat_tables([dataset.table.slice(row, 7) for row in range(0, 3000, 7)])
    )

    write_table(dataset, folder / "one.parquet")
    write_table(pieced, folder / "two.parquet")

    assert (folder / "one.parquet").read_bytes() == (folder / "two.parquet").read_bytes()


def test_where_the_files_have_gone_the_root_is_asked_for_and_taken(folder: Path) -> None:
    write_table(make(folder), folder / "set.parquet")
    images = (folder / "images").rename(folder / "pictures")

    with pytest.raises(InputError, match=r"images', which is not there.*table anew"):
        read_table(folder / "set.parquet")

    assert read_table(folder / "set.parquet", root=images).store.location == str(images)


def test_a_failure_leaves_what_was_there_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "set.parquet"
    target.write_text("before")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_table(make(folder), target)

    assert target.read_text() == "before"
    assert [path.name for path in sorted(folder.iterdir())] == ["images", "set.parquet"]


def test_a_folder_that_is_not_there_cannot_be_written_to(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write_table(make(folder), folder / "nowhere" / "set.parquet")


@pytest.mark.parametrize(
    "change, match",
    [
        pytest.param(cells("split", 1, "train"), "has changed since it was written", id="split"),
        pytest.param(cells("sha256", 0, "other"), "has changed since it was written", id="content"),
        pytest.param(cells("extra.camera", 1, "right"), "has changed since it was written", id="extra"),
        pytest.param(cells("split", 1, "tset"), "'a/2.png' has the split 'tset'", id="unknown split"),
        pytest.param(cells("labels", 1, ["a", "c"]), "'a/2.png' has the label 'c'", id="unknown label"),
        pytest.param(cells("labels", 2, None), "'labels' has empty cells, 1 in all", id="no labels"),
        pytest.param(cells("fold", 0, -3), "fold is below 0", id="fold"),
        pytest.param(cells("path", 0, "/etc/passwd"), "'/etc/passwd' is absolute", id="absolute"),
        pytest.param(cells("path", 0, "C:/x"), "'C:/x' is absolute", id="drive"),
        pytest.param(cells("path", 0, "a/../../x"), r"'a/\.\./\.\./x' leads upwards", id="upwards"),
        pytest.param(cells("path", 0, "a\\x"), "has a backslash", id="backslash"),
        pytest.param(cells("path", 0, "a\0x"), "has a NUL", id="nul"),
        pytest.param(cells("path", 0, ""), "is empty", id="empty"),
        pytest.param(cells("path", 0, "z"), "'a/2.png' comes after 'z'", id="unsorted"),
        pytest.param(cells("path", 0, "a/2.png"), "'a/2.png' stands there twice", id="twice"),
        pytest.param(lambda table: table.drop_columns(["split"]), "'split' is missing", id="column gone"),
        pytest.param(
            lambda table: table.append_column("mine", pa.array(["x"] * 3)),
            r"Name .* 'extra\.mine'",
            id="column new",
        ),
        pytest.param(
            lambda table: table.drop_columns(["contrast"]), "Of the measured columns", id="measure gone"
        ),
        pytest.param(
            lambda table: table.set_column(6, "width_px", pa.array([1.0, 2.0, 3.0])),
            "'width_px' is of type double; it must be int32",
            id="type",
        ),
    ],
)
def test_a_table_that_was_tampered_with_is_refused(
    folder: Path, change: Callable[[pa.Table], pa.Table], match: str
) -> None:
    write_table(make(folder), folder / "set.parquet")
    rewrite(folder / "set.parquet", change)

    with pytest.raises(DatasetError, match=match):
        read_table(folder / "set.parquet")


@pytest.mark.parametrize(
    "changes, match",
    [
        pytest.param({"schema_version": 2}, "has schema version 2; this Sightline reads up to 1", id="newer"),
        pytest.param({"schema_version": "1x"}, "metadata that are not those of a data set", id="no version"),
        pytest.param({"labels": ["a"]}, "label 'b', which is not in the list", id="label gone"),
        pytest.param({"labels": ["b", "a"]}, "list of labels is not sorted", id="labels unsorted"),
        pytest.param({"digest": "x"}, "metadata that are not those of a data set", id="digest"),
        pytest.param(
            {"quarantine": [{"path": 1}]}, "metadata that are not those of a data set", id="quarantine"
        ),
    ],
)
def test_metadata_that_cannot_be_used_are_refused(
    folder: Path, changes: Mapping[str, Any], match: str
) -> None:
    write_table(make(folder), folder / "set.parquet")
    rewrite_metadata(folder / "set.parquet", changes)

    with pytest.raises(DatasetError, match=match):
        read_table(folder / "set.parquet")


def test_what_could_not_be_read_is_not_written(folder: Path) -> None:
    dataset = make(folder)
    unsafe = replace(dataset, table=cells("path", 0, "../x")(dataset.table))

    with pytest.raises(DatasetError, match="leads upwards"):
        write_table(unsafe, folder / "set.parquet")

    assert not (folder / "set.parquet").exists()


def test_a_parquet_file_of_someone_else_is_told_from_a_data_set(folder: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), folder / "other.parquet")

    with pytest.raises(DatasetError, match="a Parquet file but not a data set written by Sightline"):
        read_table(folder / "other.parquet")


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"none\.parquet' cannot be read: No such file"):
        read_table(folder / "none.parquet")


def test_no_cut_and_no_flipped_byte_goes_unnoticed(folder: Path) -> None:
    dataset = make(folder)
    path = folder / "set.parquet"
    write_table(dataset, path)
    whole = path.read_bytes()
    flips = np.random.default_rng(0).choice(len(whole), 150, replace=False).tolist()
    damaged = [whole[:end] for end in range(0, len(whole), len(whole) // 40)]
    damaged += [whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :] for at in flips]

    for data in damaged:
        path.write_bytes(data)
        try:
            found = read_table(path)
        except SightlineError:
            continue
        assert found.digest() == dataset.digest()
