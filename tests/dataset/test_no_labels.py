import json
from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import read_dataset, read_table, split_dataset, write_table
from sightline.dataset.sources.source import open_source
from sightline.errors import DatasetError


def jsonl(root: Path, *rows: dict[str, object]) -> None:
    (root / "metadata.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def csv(root: Path, text: str) -> None:
    (root / "metadata.csv").write_text(text)


def test_an_empty_list_says_that_no_label_is_true(draw: Draw, tmp_path: Path) -> None:
    draw("a.png")
    draw("b.png")
    jsonl(tmp_path, {"file_name": "a.png", "labels": []}, {"file_name": "b.png", "labels": ["crack"]})

    dataset = read_dataset(tmp_path)

    assert [one.labels for one in dataset.samples] == [(), ("crack",)]
    assert dataset.labels == ("crack",)
    assert dataset.multi_hot().tolist() == [[0], [1]]


@pytest.mark.parametrize("cell", ["", "  ", '""'])
def test_an_empty_cell_of_the_column_labels_says_the_same(tmp_path: Path, cell: str) -> None:
    csv(tmp_path, f"file_name,labels\na.png,{cell}\nb.png,crack|hole\n")

    files = open_source(tmp_path).listing.files

    assert [file.labels for file in files] == [(), ("crack", "hole")]


@pytest.mark.parametrize("cell", ["", "  "])
def test_an_empty_cell_of_the_column_label_stays_a_mistake(tmp_path: Path, cell: str) -> None:
    csv(tmp_path, f"file_name,label\na.png,{cell}\nb.png,crack\n")

    with pytest.raises(DatasetError, match="line 2: label '' is empty"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    "row",
    [{"label": []}, {"label": ""}, {"labels": ""}, {"labels": None}, {"labels": [""]}, {"labels": "a|"}],
    ids=["list of one", "text of one", "text of several", "null", "an empty name", "an empty part"],
)
def test_in_lines_of_json_only_the_empty_list_says_it(tmp_path: Path, row: dict[str, object]) -> None:
    jsonl(tmp_path, {"file_name": "a.png", "labels": []}, {"file_name": "b.png", **row})

    with pytest.raises(DatasetError, match="line 2: label .* is empty"):
        open_source(tmp_path)


def test_a_table_without_any_label_is_no_data_set(tmp_path: Path) -> None:
    csv(tmp_path, "file_name,labels\na.png,\nb.png,\n")

    with pytest.raises(DatasetError, match="names no label in any row"):
        open_source(tmp_path)


def test_such_a_set_is_split_written_and_read_like_any_other(draw: Draw, tmp_path: Path) -> None:
    rows = []
    for index in range(24):
        draw(f"{index:02}.png")
        labels = [["crack"], ["crack", "hole"], []][index % 3]
        rows.append({"file_name": f"{index:02}.png", "labels": labels})
    jsonl(tmp_path, *rows)

    split = split_dataset(read_dataset(tmp_path), val=0.25, test=0.25)
    write_table(split, tmp_path / "set.parquet")

    again = read_table(tmp_path / "set.parquet")
    assert again.digest() == split.digest()
    without = [one.split for one in again.samples if not one.labels]
    assert sorted(without).count("train") == 4
    assert set(without) == {"train", "val", "test"}
