from pathlib import Path

import pytest

from sightline.dataset import ReadOptions, examine_dataset
from tars import picture, tar_bytes, write_tar


def test_what_was_found_in_a_shard_is_remembered_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path / "cache"))
    shard = write_tar(tmp_path / "s/x.tar", {"a/1.png": None, "b/2.png": b"no picture"})
    write_tar(tmp_path / "s/y.tar", {"b/2.png": None})
    options = ReadOptions(remember=True)
    first = examine_dataset(tmp_path / "s", options).dataset
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache/shards").iterdir()}

    again = examine_dataset(tmp_path / "s", options).dataset
    same = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache/shards").iterdir()}
    shard.write_bytes(tar_bytes({"a/1.png": picture("another one"), "b/2.png": None}))
    changed = examine_dataset(tmp_path / "s", options).dataset

    assert (again.digest(), again.quarantine) == (first.digest(), first.quarantine)
    assert same == written
    assert len(written) == 2
    assert (len(first), len(changed)) == (2, 3)
    assert changed.samples[0].sha256 != first.samples[0].sha256


def test_nothing_is_remembered_unless_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path / "cache"))
    write_tar(tmp_path / "s/x.tar", {"a/1.png": None})

    examine_dataset(tmp_path / "s")

    assert not (tmp_path / "cache").exists()


def test_a_damaged_memory_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path / "cache"))
    write_tar(tmp_path / "s/x.tar", {"a/1.png": None})
    examine_dataset(tmp_path / "s", ReadOptions(remember=True))
    [file] = (tmp_path / "cache/shards").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:100])

    assert len(examine_dataset(tmp_path / "s", ReadOptions(remember=True)).dataset) == 1
    assert file.read_bytes() == whole
