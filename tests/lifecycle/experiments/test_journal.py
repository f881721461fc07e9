"""What has been run is not run again; it needs no torch."""

from pathlib import Path

import pytest

from sightline.errors import InputError
from sightline.lifecycle.experiments.journal import Journal
from sightline.records import Frozen


class Result(Frozen):
    key: str
    value: float


def test_records_are_there_for_the_next_one_who_opens_it(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    Journal(file, Result).open().append(Result(key="a", value=0.5))

    again = Journal(file, Result).open()

    assert again.get("a") == Result(key="a", value=0.5)
    assert again.get("b") is None


def test_a_line_that_a_kill_cut_short_costs_only_that_one(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    journal = Journal(file, Result).open()
    journal.append(Result(key="a", value=0.5))
    journal.append(Result(key="b", value=0.6))
    file.write_bytes(file.read_bytes()[:-9])

    again = Journal(file, Result).open()
    again.append(Result(key="c", value=0.7))

    last = Journal(file, Result).open()
    assert [last.get(key) is not None for key in "abc"] == [True, False, True]


def test_a_file_of_something_else_is_refused_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text('{"key": "a", "value": 0.5}\n{"name": "b"}\n')

    with pytest.raises(InputError, match="Line 2 of .*results.jsonl.* is no record"):
        Journal(file, Result).open()
