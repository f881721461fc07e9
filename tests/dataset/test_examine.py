"""Reading that remembers: nothing is decoded twice, nothing that has changed is missed."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from drawing import Draw
from sightline.dataset import Examined, ReadOptions, examine_dataset, read_dataset, write_table
from sightline.dataset.reading import picture
from sightline.errors import DatasetError, InputError
from sightline.images import decode_upright
from sightline.records import ImageLimits

REMEMBER = ReadOptions(remember=True)
SIZE = (48, 40)
DECODABLE = 7


class Room(NamedTuple):
    """A source with a few pictures and faults, a cache, and what has been decoded since it was last cleared."""

    source: Path
    cache: Path
    decoded: list[int]

    def read(self, options: ReadOptions = REMEMBER) -> Examined:
        return examine_dataset(self.source, options)


@pytest.fixture
def room(draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    for number in range(6):
        draw(f"set/good/{number}.png", SIZE)
    draw("set/bad/copy.png", SIZE, like="set/good/0.png")
    half = draw("set/bad/half.png", SIZE)
    half.write_bytes(half.read_bytes()[:900])
    (tmp_path / "set" / "bad" / "text.png").write_text("no picture")
    decoded: list[int] = []

    def counting(data: bytes, spec: object) -> object:
        decoded.append(len(data))
        return decode_upright(data, spec)  # type: ignore[arg-type]

    monkeypatch.setattr(picture, "decode_upright", counting)
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path / "cache"))
    return Room(tmp_path / "set", tmp_path / "cache", decoded)


def assert_same(one: Examined, other: Examined) -> None:
    assert one.dataset == other.dataset
    for name in ("pairs", "similarity", "clusters"):
        np.testing.assert_array_equal(getattr(one.near, name), getattr(other.near, name))


def test_the_second_reading_decodes_nothing_and_finds_the_same(room: Room) -> None:
    first = room.read()
    opened = len(room.decoded)
    second = room.read()

    assert opened == DECODABLE
    assert len(room.decoded) == DECODABLE
    assert_same(first, second)
    assert len(second.near.pairs) == 1
    assert {aside.path for aside in second.dataset.quarantine} == {"bad/half.png", "bad/text.png"}


def test_what_is_remembered_is_what_reading_finds(room: Room) -> None:
    plain = examine_dataset(room.source)
    room.read()

    assert_same(room.read(), plain)
    without_clusters = plain.dataset.with_columns({"cluster": [None] * len(plain.dataset)})
    assert read_dataset(room.source) == without_clusters


def test_without_remembering_nothing_is_written(room: Room) -> None:
    room.read(ReadOptions())
    read_dataset(room.source)

    assert not room.cache.exists()


def test_an_added_file_is_the_only_one_opened(room: Room, draw: Draw) -> None:
    room.read()
    room.decoded.clear()
    draw("set/good/new.png", SIZE, like="set/good/1.png")

    examined = room.read()

    assert len(room.decoded) == 1
    assert "good/new.png" in examined.dataset.table["path"].to_pylist()
    assert len(examined.near.pairs) == 2


def test_a_removed_file_is_gone_and_its_pair_with_it(room: Room) -> None:
    room.read()
    room.decoded.clear()
    (room.source / "bad" / "copy.png").unlink()

    examined = room.read()

    assert not room.decoded
    assert "bad/copy.png" not in examined.dataset.table["path"].to_pylist()
    assert len(examined.near.pairs) == 0


def test_a_renamed_file_is_opened_under_its_new_name(room: Room) -> None:
    room.read()
    room.decoded.clear()
    (room.source / "good" / "5.png").rename(room.source / "good" / "renamed.png")

    paths = room.read().dataset.table["path"].to_pylist()

    assert len(room.decoded) == 1
    assert "good/renamed.png" in paths
    assert "good/5.png" not in paths


def test_two_files_that_change_places_are_seen(room: Room) -> None:
    before = room.read().dataset
    one, other, aside = (room.source / "good" / name for name in ("1.png", "2.png", "aside"))
    one.rename(aside), other.rename(one), aside.rename(other)

    after = room.read().dataset

    digests = [dict(zip(d.table["path"].to_pylist(), d.table["sha256"].to_pylist())) for d in (before, after)]  # noqa: B905
    assert digests[1]["good/1.png"] == digests[0]["good/2.png"]
    assert digests[1]["good/2.png"] == digests[0]["good/1.png"]


def test_a_file_that_got_other_bytes_of_the_same_number_and_its_old_time_is_seen(room: Room) -> None:
    changed, other = (room.source / "good" / name for name in ("3.png", "4.png"))
    before = changed.stat()
    room.read()
    room.decoded.clear()
    changed.write_bytes(other.read_bytes())
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))

    examined = room.read()

    assert changed.stat().st_size == before.st_size
    assert changed.stat().st_mtime_ns == before.st_mtime_ns
    assert len(room.decoded) == 1
    assert len(examined.near.pairs) == 2


def test_a_file_that_was_repaired_leaves_quarantine(room: Room, draw: Draw) -> None:
    room.read()
    draw("set/bad/half.png", SIZE)

    assert {aside.path for aside in room.read().dataset.quarantine} == {"bad/text.png"}


def test_other_limits_look_at_every_file_again(room: Room) -> None:
    room.read()
    room.decoded.clear()
    narrow = replace(REMEMBER, limits=ImageLimits(max_pixels=SIZE[0] * SIZE[1] - 1))

    with pytest.raises(DatasetError, match="has no usable picture"):
        room.read(narrow)

    assert len(room.read().dataset) == 7


def test_a_cache_that_is_no_database_any_more_is_made_anew(room: Room) -> None:
    first = room.read()
    (file,) = (room.cache / "pictures").iterdir()
    file.write_bytes(b"?" * 5000)
    room.decoded.clear()

    assert_same(room.read(), first)
    assert len(room.decoded) == DECODABLE
    room.read()
    assert len(room.decoded) == DECODABLE


def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(room: Room) -> None:
    room.cache.write_text("a file in the way")

    with pytest.raises(InputError, match=r"cannot be used: .*Set SIGHTLINE_CACHE_DIR"):
        room.read()


def test_a_name_that_is_not_utf8_is_set_aside_and_the_rest_remembered(room: Room) -> None:
    (room.source / "good" / os.fsdecode(b"\xff.png")).touch()
    first = room.read()
    room.decoded.clear()

    assert_same(room.read(), first)
    assert not room.decoded
    assert r"good/\udcff.png" in {aside.path for aside in first.dataset.quarantine}


def test_what_was_done_before_an_interruption_is_kept(room: Room) -> None:
    def stop_at_5(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine_dataset(room.source, REMEMBER, lambda _: stop_at_5)
    room.decoded.clear()
    examined = room.read()

    # The first four in the order of their paths: two pictures, and the two that are none.
    assert len(room.decoded) == DECODABLE - 2
    assert_same(examined, examine_dataset(room.source))


def test_a_picture_that_is_no_longer_what_its_table_says_is_set_aside(room: Room, draw: Draw) -> None:
    table = room.source.parent / "set.parquet"
    dataset = room.read().dataset
    write_table(dataset, table)
    untouched = examine_dataset(table, REMEMBER).dataset
    draw("set/good/4.png", SIZE, like="something else")

    examined = examine_dataset(table, REMEMBER)

    assert untouched.table.equals(dataset.table)
    assert ("good/4.png", "changed") in {(one.path, one.reason) for one in examined.dataset.quarantine}
    assert len(examined.dataset) == len(dataset) - 1
    assert len(room.read().dataset) == len(dataset)


READ = """
import signal, sys
from sightline.dataset import ReadOptions, examine_dataset
from sightline.dataset.reading import ledger

ledger._WRITE_EVERY_S = 0.0
stop_at = int(sys.argv[2])

def tell(done, total):
    if done == stop_at:
        print(done, flush=True)
        signal.pause()

examined = examine_dataset(sys.argv[1], ReadOptions(remember=True), lambda _: tell)
print(examined.dataset.digest())
"""


@pytest.fixture
def many(draw: Draw, tmp_path: Path) -> Path:
    for number in range(200):
        draw(f"set/good/{number:03}.png", size=(48, 40))
    return tmp_path / "set"


def start(source: Path, folder: Path, stop_at: int = 0) -> "subprocess.Popen[str]":
    environment = {**os.environ, "SIGHTLINE_CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", READ, str(source), str(stop_at)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_is_killed_loses_next_to_nothing_and_leaves_nothing_behind(
    room: Room, many: Path, tmp_path: Path
) -> None:
    with start(many, tmp_path, stop_at=120) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "120\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    left_behind = list((tmp_path / "tmp").iterdir())

    examined = examine_dataset(many, REMEMBER)

    files = 200 + 9
    assert len(room.decoded) <= files - 119
    assert_same(examined, examine_dataset(many))
    assert left_behind == []
    assert [path.suffix for path in (tmp_path / "cache" / "pictures").iterdir()] == [".sqlite"]


def test_two_processes_read_the_same_source_at_once(many: Path, tmp_path: Path) -> None:
    digest = read_dataset(many).digest()

    with start(many, tmp_path) as one, start(many, tmp_path) as other:
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]

    assert [process.returncode for process in (one, other)] == [0, 0]
    assert outputs == [f"{digest}\n"] * 2
