from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import read_dataset
from sightline.errors import DatasetError


def write_table(root: Path, text: str, encoding: str = "utf-8") -> None:
    (root / "metadata.csv").write_bytes(text.encode(encoding))


def test_a_table_gives_labels_groups_and_splits(draw: Draw, tmp_path: Path) -> None:
    for path in ("a.png", "deep/b, c.png", "unlisted.png"):
        draw(path)
    write_table(
        tmp_path,
        "file_name,label,group,split,comment\n"
        '"deep/b, c.png",good|dusty,,validation,\n\n'
        './a.png,crack,part 7,Train,"two\nlines"\n',
    )

    dataset = read_dataset(tmp_path)

    assert [(s.path, s.labels, s.group, s.split) for s in dataset.samples] == [
        ("a.png", ("crack",), "part 7", "train"),
        ("deep/b, c.png", ("dusty", "good"), None, "val"),
    ]
    assert dataset.labels == ("crack", "dusty", "good")


def test_the_column_may_be_called_labels_and_the_file_may_come_from_a_spreadsheet(
    draw: Draw, tmp_path: Path
) -> None:
    draw("ä.png")
    write_table(tmp_path, "\ufefffile_name,labels\r\nä.png,Riß | Loch\r\n")

    (sample,) = read_dataset(tmp_path).samples

    assert (sample.path, sample.labels) == ("ä.png", ("Loch", "Riß"))


def test_a_listed_file_that_is_not_there_is_set_aside(draw: Draw, tmp_path: Path) -> None:
    draw("a.png")
    write_table(tmp_path, "file_name,label\na.png,good\ngone.png,good\na.png/x,good\n.,good\n")

    dataset = read_dataset(tmp_path)

    assert {aside.path: aside.reason for aside in dataset.quarantine} == {
        "gone.png": "missing",
        "a.png/x": "missing",
        ".": "not_a_file",
    }


def test_all_mistakes_of_a_table_are_told_together_with_their_lines(draw: Draw, tmp_path: Path) -> None:
    draw("a.png")
    write_table(
        tmp_path,
        "file_name,label,split\n"
        "a.png,good,train\n"
        "/etc/a.png,good,train\n"
        "C:/a.png,good,train\n"
        "x/../../a.png,good,train\n"
        "x\\a.png,good,train\n"
        ",good,train\n"
        "b.png,,train\n"
        "c.png,good|,train\n"
        "d.png,good,dev\n"
        "./a.png,good,train\n"
        "e.png,good\n"
        "f.png,good,\n",
    )

    with pytest.raises(DatasetError, match="has mistakes") as caught:
        read_dataset(tmp_path)

    lines = str(caught.value).splitlines()[1:]
    expected = [
        "line 3: file_name '/etc/a.png' is absolute",
        "line 4: file_name 'C:/a.png' is absolute",
        "line 5: file_name 'x/../../a.png' leads upwards",
        "line 6: file_name 'x\\a.png' has a backslash",
        "line 7: file_name '' names no file",
        "line 8: label '' is empty",
        "line 9: label 'good|' is empty, or has an empty part",
        "line 10: split 'dev' is unknown",
        "line 11: file_name 'a.png' stands in line 2 already",
        "line 12: 2 cells, but 3 columns",
        "split: given for some rows and not for others",
    ]
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(f"  metadata.csv, {start}")


def test_a_long_list_of_mistakes_is_cut_and_counted(tmp_path: Path) -> None:
    write_table(tmp_path, "file_name,label\n" + "".join(f"{index}.png,\n" for index in range(25)))

    with pytest.raises(DatasetError, match=r"line 21: (?s:.*)and 5 more$"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    "header, match",
    [
        pytest.param("file_name,class", "one column label", id="no label"),
        pytest.param("path,label", "file_name is missing", id="no file name"),
        pytest.param("file_name,label,labels", "keep only one", id="label and labels"),
        pytest.param("file_name;label", "the columns are: file_name;label", id="semicolons"),
        pytest.param("file_name,label,group,group", "stand there twice: group", id="twice"),
        pytest.param("", "the columns are: none", id="empty file"),
    ],
)
def test_a_wrong_header_is_shown_with_what_is_needed(tmp_path: Path, header: str, match: str) -> None:
    write_table(tmp_path, header)

    with pytest.raises(DatasetError, match=match):
        read_dataset(tmp_path)


def test_a_table_in_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    write_table(tmp_path, "file_name,label\na.png,good\nb.png,Riß\n", encoding="latin-1")

    with pytest.raises(DatasetError, match=r"metadata\.csv, line 3: the byte b'\\xdf' is not UTF-8"):
        read_dataset(tmp_path)


def test_an_unclosed_quote_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    write_table(tmp_path, 'file_name,label\n"a.png,good\n')

    with pytest.raises(DatasetError, match="no proper CSV"):
        read_dataset(tmp_path)


def test_a_listed_link_that_leaves_the_folder_is_set_aside(draw: Draw, tmp_path: Path) -> None:
    secret = draw("elsewhere/secret.png")
    draw("data/a.png")
    (tmp_path / "data" / "link").symlink_to(secret.parent)
    write_table(tmp_path / "data", "file_name,label\na.png,good\nlink/secret.png,good\n")

    dataset = read_dataset(tmp_path / "data")

    assert [(aside.path, aside.reason) for aside in dataset.quarantine] == [
        ("link/secret.png", "outside_root")
    ]
