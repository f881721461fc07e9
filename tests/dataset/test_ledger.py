"""What is remembered of each file, and when it is not believed."""

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from sightline.dataset import NearDuplicates
from sightline.dataset.reading import ledger as ledger_module
from sightline.dataset.reading.ledger import Entry, Ledger, default_ledger
from sightline.errors import InputError

ENTRY = Entry("4-5-6", [3, 2, 10, "ab", "PNG", 0.1], b"\1\2\3")
BROKEN = Entry("7", ["truncated", "The file ends early."], None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "one.sqlite"


def test_entries_come_back_as_they_were_kept(file: Path) -> None:
    with Ledger(file, "a") as ledger:
        ledger.keep("good/ä.png", ENTRY)
        ledger.keep("good/b.png", BROKEN)

    with Ledger(file, "a") as ledger:
        found = ledger.look_up(["good/b.png", "good/c.png", "good/ä.png"])

    assert found == {"good/ä.png": ENTRY, "good/b.png": BROKEN}


def test_thousands_of_paths_are_looked_up_at_once(file: Path) -> None:
    paths = [f"good/{number}.png" for number in range(1201)]
    with Ledger(file, "a") as ledger:
        for path in paths:
            ledger.keep(path, ENTRY)

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(paths) == dict.fromkeys(paths, ENTRY)


def test_what_was_found_under_other_limits_is_not_believed(file: Path) -> None:
    with Ledger(file, "narrow") as narrow, Ledger(file, "wide") as wide:
        narrow.keep("a.png", BROKEN)
        wide.keep("b.png", ENTRY)

    with Ledger(file, "wide") as wide:
        assert wide.look_up(["a.png", "b.png"]) == {"b.png": ENTRY}


def test_a_ledger_of_another_generation_begins_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger(file, "a") as ledger:
        ledger.keep("a.png", ENTRY)
    monkeypatch.setattr(ledger_module, "_GENERATION", 999)

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["a.png"]) == {}
        ledger.keep("a.png", BROKEN)
    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["a.png"]) == {"a.png": BROKEN}


def test_a_search_comes_back_until_there_is_another(file: Path) -> None:
    near = NearDuplicates(
        np.array([[0, 2]], np.int64), np.array([0.1], np.float32), np.array([0, -1, 0], np.int64)
    )
    with Ledger(file, "a") as ledger:
        ledger.keep_search("first", near)
    with Ledger(file, "a") as ledger:
        found = ledger.search("first")
        ledger.keep_search("second", near)
        forgotten = ledger.search("first")

    assert found is not None
    assert forgotten is None
    for name in ("pairs", "similarity", "clusters"):
        before, after = getattr(near, name), getattr(found, name)
        np.testing.assert_array_equal(after, before)
        assert after.dtype == before.dtype


def test_names_that_are_no_text_have_no_entry_and_do_no_harm(file: Path) -> None:
    with Ledger(file, "a") as ledger:
        ledger.keep("good/a.png", ENTRY)

        assert ledger.look_up([os.fsdecode(b"good/\xff.png"), "good/a.png", "\ud800"]) == {}

    with Ledger(file, "a") as ledger:
        found = ledger.look_up([os.fsdecode(b"good/\xff.png"), "good/a.png", "\ud800"])
    assert found == {"good/a.png": ENTRY}


def test_a_file_that_is_no_database_is_replaced(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"something else entirely " * 100)

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["a.png"]) == {}
        ledger.keep("a.png", ENTRY)

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["a.png"]) == {"a.png": ENTRY}


def test_a_database_whose_damage_shows_only_later_is_replaced(file: Path) -> None:
    with Ledger(file, "a") as ledger:
        for number in range(500):
            ledger.keep(f"{number}.png", ENTRY)
    data = bytearray(file.read_bytes())
    data[4096:] = np.random.default_rng(0).bytes(len(data) - 4096)  # the first page is what opening looks at
    file.write_bytes(data)

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["7.png"]) == {}
        ledger.keep("7.png", ENTRY)

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["7.png"]) == {"7.png": ENTRY}


def test_a_database_that_is_locked_is_neither_replaced_nor_waited_for_without_end(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(file, "a") as ledger:
        ledger.keep("a.png", ENTRY)
    monkeypatch.setattr(ledger_module, "_PATIENCE_S", 0.01)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(InputError, match="locked"), Ledger(file, "a"):
        pass
    other.close()

    with Ledger(file, "a") as ledger:
        assert ledger.look_up(["a.png"]) == {"a.png": ENTRY}


def test_a_ledger_that_is_open_keeps_nobody_else_from_writing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "_PATIENCE_S", 0.01)

    with Ledger(file, "a") as one:
        one.keep("a.png", ENTRY)
        with Ledger(file, "a") as other:
            other.keep("b.png", ENTRY)
        assert set(one.look_up(["a.png", "b.png"])) == {"b.png"}

    with Ledger(file, "a") as ledger:
        assert set(ledger.look_up(["a.png", "b.png"])) == {"a.png", "b.png"}


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(InputError, match=r"file/one\.sqlite' cannot be used.*SIGHTLINE_CACHE_DIR"),
        Ledger(tmp_path / "file" / "one.sqlite", "a"),
    ):
        pass


def test_a_folder_in_the_place_of_the_file_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / "one.sqlite").mkdir()

    with (
        pytest.raises(InputError, match="cannot be used.*SIGHTLINE_CACHE_DIR"),
        Ledger(tmp_path / "one.sqlite", "a"),
    ):
        pass
    assert (tmp_path / "one.sqlite").is_dir()


def test_without_a_file_nothing_is_remembered() -> None:
    with Ledger(None, "a") as ledger:
        ledger.keep("a.png", ENTRY)

        assert ledger.look_up(["a.png"]) == {}
        assert ledger.search("x") is None


def test_each_source_has_a_ledger_of_its_own_below_the_chosen_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path))

    one, other = default_ledger("/data/one"), default_ledger(os.fsdecode(b"/data/\xff"))

    assert one != other
    assert {one.parent, other.parent} == {tmp_path / "pictures"}
    assert default_ledger("/data/one") == one
