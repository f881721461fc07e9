import json
from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import read_dataset
from sightline.dataset.sources.source import open_source
from sightline.errors import DatasetError


def write_rows(root: Path, *rows: object) -> None:
    text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    (root / "metadata.jsonl").write_text(text, encoding="utf-8")


def test_a_line_is_a_picture_and_further_keys_are_kept_as_text(draw: Draw, tmp_path: Path) -> None:
    draw("a.png")
    write_rows(
        tmp_path,
        {
            "file_name": "./a.png",
            "labels": ["good", " dusty"],
            "group": 17,
            "split": "Valid",
            "fold": 2,
            "line": "north",
            "shift": 3,
            "box": {"y": [1.5, None], "x": "ä"},
            "note": None,
            "empty": "",
        },
        "",
    )

    (sample,) = read_dataset(tmp_path).samples

    assert (sample.path, sample.labels) == ("a.png", ("dusty", "good"))
    assert (sample.group, sample.split, sample.fold) == ("17", "val", 2)
    assert sample.extra == {"line": "north", "shift": "3", "box": '{"x":"\\u00e4","y":[1.5,null]}'}


@pytest.mark.parametrize(
    "label, expected",
    [
        pytest.param("good", ("good",), id="text"),
        pytest.param("good|dusty", ("dusty", "good"), id="divided text"),
        pytest.param(["good", "good"], ("good",), id="list with a repeat"),
        pytest.param("a/b 🙂", ("a/b 🙂",), id="slash and emoji"),
        pytest.param(" good ", ("good",), id="outer spaces"),
    ],
)
def test_labels_are_text_or_a_list(tmp_path: Path, label: object, expected: tuple[str, ...]) -> None:
    write_rows(tmp_path, {"file_name": "a.png", "label": label})

    (listed,) = open_source(tmp_path).listing.files

    assert listed.labels == expected


@pytest.mark.parametrize(
    "row, match",
    [
        pytest.param('{"file_name": "b.png"', "no proper JSON", id="cut off"),
        pytest.param("[1, 2]", r"'\[1, 2\]' is no object", id="list"),
        pytest.param('{"file_name": "b.png", "file_name": "c.png"}', "twice: file_name", id="key twice"),
        pytest.param('{"file_name": "b.png", "label": NaN}', "NaN is no value of JSON", id="NaN"),
        pytest.param("[" * 200_000, "no proper JSON", id="too deep"),
        pytest.param("1" * 5000, "no proper JSON", id="endless number"),
        pytest.param(
            {"image": "b.png", "label": "x"}, "file_name is missing; the keys are: image, label", id="path"
        ),
        pytest.param({"file_name": "b.png"}, "one key label", id="no label"),
        pytest.param({"file_name": "b.png", "label": "x", "labels": "x"}, "keep only one", id="two labels"),
        pytest.param({"file_name": "b.png", "label": "x", " ": "x"}, "a key is empty", id="empty key"),
        pytest.param({"file_name": 3, "label": "x"}, "file_name 3 names no file", id="path is a number"),
        pytest.param({"file_name": "b\0.png", "label": "x"}, "names no file", id="NUL in the path"),
        pytest.param('{"file_name": "\\ud800.png", "label": "x"}', "names no file", id="half a character"),
        pytest.param({"file_name": "b.png", "label": 3}, "label 3 is no text", id="label is a number"),
        pytest.param({"file_name": "b.png", "label": []}, r"label \[\] is empty", id="no labels in the list"),
        pytest.param(
            {"file_name": "b.png", "label": ["a|b"]}, "divides labels in tables", id="bar in a list"
        ),
        pytest.param({"file_name": "b.png", "label": "x\ty"}, "cannot be shown", id="tab in a label"),
        pytest.param({"file_name": "b.png", "label": "x", "split": 1}, "split 1 is unknown", id="split"),
        pytest.param(
            {"file_name": "b.png", "label": "x", "fold": -1}, "fold -1 is no whole number", id="fold"
        ),
        pytest.param(
            {"file_name": "b.png", "label": "x", "fold": True}, "fold true is no whole", id="fold is true"
        ),
        pytest.param(
            {"file_name": "b.png", "label": "x", "group": ["p"]}, r"group \[\"p\"\] is no text", id="group"
        ),
        pytest.param(
            '{"file_name": "b.png", "label": "x", "n": 1e999}', "n has a number that is too", id="infinite"
        ),
        pytest.param('{"file_name": "b.png", "label": "x", "n": "\\ud800"}', "cannot be kept", id="extra"),
        pytest.param({"file_name": "x/../a.png", "label": "x"}, "leads upwards", id="upwards"),
        pytest.param(
            {"file_name": ".//a.png", "label": "x"}, "'a.png' stands in line 1 already", id="duplicate"
        ),
    ],
)
def test_a_wrong_line_is_told_with_its_number(tmp_path: Path, row: object, match: str) -> None:
    write_rows(tmp_path, {"file_name": "a.png", "label": "good"}, row)

    with pytest.raises(DatasetError, match=rf"metadata\.jsonl, line 2: .*{match}"):
        open_source(tmp_path)


def test_all_mistakes_of_all_lines_are_told_together(tmp_path: Path) -> None:
    write_rows(tmp_path, {"file_name": "/a.png", "label": "", "fold": "x"}, "{")

    with pytest.raises(DatasetError) as caught:
        open_source(tmp_path)

    assert [line.split()[2] for line in str(caught.value).splitlines()[1:]] == ["1:", "1:", "1:", "2:"]


def test_labels_that_look_the_same_are_refused_with_their_code_points(tmp_path: Path) -> None:
    write_rows(
        tmp_path, {"file_name": "a.png", "label": "Caf\u00e9"}, {"file_name": "b.png", "label": "Cafe\u0301"}
    )

    with pytest.raises(DatasetError, match=r"two classes that look the same.*0065 0301 and as .* 00E9"):
        open_source(tmp_path)


def test_two_tables_in_one_folder_are_refused(tmp_path: Path) -> None:
    write_rows(tmp_path, {"file_name": "a.png", "label": "good"})
    (tmp_path / "metadata.csv").write_text("file_name,label\n")

    with pytest.raises(DatasetError, match=r"both metadata\.csv and metadata\.jsonl. Keep one"):
        open_source(tmp_path)


def test_equal_labels_and_texts_of_many_rows_are_one_object_each(tmp_path: Path) -> None:
    write_rows(
        tmp_path,
        {"file_name": "a.png", "label": "good", "group": "part 17", "line": "north"},
        {"file_name": "b.png", "label": ["good"], "group": "part 17", "line": "north"},
    )

    one, other = open_source(tmp_path).listing.files

    assert one.labels is other.labels
    assert one.group is other.group
    assert one.extra["line"] is other.extra["line"]
