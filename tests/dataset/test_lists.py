from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import read_dataset
from sightline.dataset.sources.source import open_source, open_store
from sightline.dataset.sources.store import LocalStore
from sightline.errors import DatasetError, InputError


def test_a_csv_or_jsonl_may_be_named_itself_and_its_folder_is_the_root(draw: Draw, tmp_path: Path) -> None:
    draw("pictures/a.png")
    (tmp_path / "of may.csv").write_text("file_name,label,line\npictures/a.png,good,7\n")
    (tmp_path / "may.JSONL").write_text('{"file_name": "pictures/a.png", "label": "good", "line": "7"}\n')

    one, other = read_dataset(tmp_path / "of may.csv"), read_dataset(str(tmp_path / "may.JSONL"))

    assert list(one.samples) == list(other.samples)
    assert (one.samples[0].path, one.samples[0].extra) == ("pictures/a.png", {"line": "7"})
    assert one.store == LocalStore(tmp_path.resolve())


def test_a_text_file_names_a_picture_a_line_and_its_folder_is_the_class(draw: Draw, tmp_path: Path) -> None:
    draw("plant/good one/a.png")
    draw("plant/crack/b.png")
    (tmp_path / "list.txt").write_text(
        "\ufeff# of May\r\nplant/good one/a.png\r\n\r\n  plant/crack/b.png  \r\nplant/crack/gone.png",
        encoding="utf-8",
    )

    dataset = read_dataset(tmp_path / "list.txt")

    assert [(s.path, s.labels) for s in dataset.samples] == [
        ("plant/crack/b.png", ("crack",)),
        ("plant/good one/a.png", ("good one",)),
    ]
    assert [(aside.path, aside.reason) for aside in dataset.quarantine] == [
        ("plant/crack/gone.png", "missing")
    ]


@pytest.mark.parametrize(
    "line, match",
    [
        pytest.param("a.png", "lies in no folder that names its class", id="no folder"),
        pytest.param("good/../a.png", "lies in no folder", id="dots for a class"),
        pytest.param("../good/a.png", "leads upwards", id="upwards"),
        pytest.param("/good/a.png", "is absolute", id="absolute"),
        pytest.param("good\\a.png", "has a backslash", id="backslash"),
        pytest.param("go|od/a.png", "its folder has a |", id="bar"),
        pytest.param("good/first.png", "stands in line 1 already", id="twice"),
    ],
)
def test_a_path_that_cannot_be_used_is_told_with_its_line(tmp_path: Path, line: str, match: str) -> None:
    (tmp_path / "list.txt").write_text(f"good/first.png\n{line}\n")

    with pytest.raises(DatasetError, match=rf"list\.txt, line 2: .*{match}"):
        open_source(tmp_path / "list.txt")


@pytest.mark.parametrize("name", ["list.xlsx", "list.parquet", "list", ".csv"])
def test_a_file_that_is_no_list_is_refused_with_the_kinds(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("file_name,label\na.png,good\n")

    with pytest.raises(InputError, match=r"no kind of list.*\.csv, \.jsonl, \.txt or \.parquet"):
        open_source(tmp_path / name)


@pytest.mark.parametrize(
    "content, match",
    [
        pytest.param("file_name,label\na.png,good\n".encode("utf-16"), "is written in UTF-16", id="UTF-16"),
        pytest.param(
            "file_name,label\na.png,good\n".encode("utf-16-be"), "line 1: there is a NUL byte", id="no mark"
        ),
        pytest.param(
            "file_name,label\nä.png,good\n".encode("latin-1"), r"line 2: the byte b'\\xe4'", id="Latin-1"
        ),
        pytest.param(b"file_name,label\na.png,go\0od\n", "line 2: there is a NUL byte", id="NUL"),
        pytest.param(
            b"file_name,label\n" + b"a" * (1 << 21), "line 2: the line is longer", id="endless line"
        ),
        pytest.param(
            b'file_name,label\n"' + b"a\n" * 70_000, "longer than 131,072 characters", id="huge cell"
        ),
        pytest.param(b"file_name,label\ra.png,good\r", "carriage return alone", id="old Mac"),
        pytest.param(b"file_name,label,\na.png,good,\n", "column 3 has no name", id="nameless column"),
        pytest.param(
            b"file_name,label,fold\na.png,good,1.5\n", "fold '1.5' is no whole number", id="half a fold"
        ),
        pytest.param(b"file_name,label\n", "has no rows", id="header alone"),
        pytest.param(b"\n\n", "the columns are: none", id="empty lines"),
    ],
)
def test_a_table_that_is_none_says_what_it_is_instead(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "list.csv").write_bytes(content)

    with pytest.raises(DatasetError, match=match):
        open_source(tmp_path / "list.csv")


def test_a_place_where_nothing_is_names_what_could_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder .*Name a folder, a list of files or an address"):
        open_source(tmp_path / "nowhere.csv")


def test_a_store_is_opened_by_the_location_that_it_tells(tmp_path: Path) -> None:
    store = LocalStore(tmp_path.resolve())

    assert open_store(store.location) == store
    assert open_store(f"file://{tmp_path}") == store
    with pytest.raises(InputError, match="There is no folder"):
        open_store(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("location", ["C:\\tiles", "C:/tiles", "c:tiles", "simplecache::s3://plant"])
def test_what_only_looks_like_an_address_is_a_path(location: str) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        open_source(location)


@pytest.mark.parametrize(
    "location, match",
    [
        pytest.param("s3://", "names no bucket", id="nothing"),
        pytest.param("s3://me:secret@plant/tiles", "has a password in it", id="password"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(location: str, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        open_source(location)

    assert "secret" not in str(caught.value)
