import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from drawing import draw_below
from pictures import encode, gradient
from sightline.dataset import read_dataset
from sightline.dataset.sources.address import Address
from sightline.dataset.sources.remote import RemoteStore
from sightline.dataset.sources.remote_errors import explained
from sightline.dataset.sources.shard_index import ScanMemory
from sightline.dataset.sources.shard_store import ShardStore
from sightline.dataset.sources.shards import list_shards
from sightline.dataset.sources.source import open_source, open_store
from sightline.errors import (
    DatasetError,
    ImageDamaged,
    ImageTooLarge,
    InputError,
    MissingExtra,
    StoreUnreachable,
)
from sightline.records import ImageLimits
from tars import tar_bytes

LIMITS = ImageLimits()


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def put(files: Any, path: str, data: bytes | None = None) -> bytes:
    data = encode(gradient(8 + len(path), 9)) if data is None else data
    files.pipe_file(f"/{path}", data)
    return data


def test_class_folders_read_the_same_from_an_address_as_from_a_folder(memory: Any, tmp_path: Path) -> None:
    draw = draw_below(tmp_path)
    for path in ("train/good/a.png", "train/good/day 2/ü#.png", "val/crack/c.png", "val/good/.hidden.png"):
        put(memory, f"plant/{path}", draw(path).read_bytes())

    near, far = read_dataset(tmp_path), read_dataset("memory://plant/")

    assert list(far.samples) == list(near.samples)
    assert (far.labels, far.quarantine, far.digest()) == (near.labels, near.quarantine, near.digest())
    assert far.store == open_store("memory://plant")
    assert far.store.location == "memory://plant"


@pytest.mark.parametrize(
    "name, table",
    [
        pytest.param("metadata.csv", "file_name,label,line\nx/a.png,good,7\ngone.png,good,\n", id="csv"),
        pytest.param(
            "metadata.jsonl",
            '{"file_name": "x/a.png", "label": "good", "line": 7}\n{"file_name": "gone.png", "label": "good"}',
            id="jsonl",
        ),
    ],
)
def test_a_table_at_an_address_names_what_is_below_it(memory: Any, name: str, table: str) -> None:
    put(memory, "plant/x/a.png")
    put(memory, f"plant/{name}", table.encode())

    for location in ("memory://plant", f"memory://plant/{name}"):
        dataset = read_dataset(location)

        assert [(s.path, s.labels, s.extra) for s in dataset.samples] == [
            ("x/a.png", ("good",), {"line": "7"})
        ]
        assert [(aside.path, aside.reason) for aside in dataset.quarantine] == [("gone.png", "missing")]
        assert dataset.store.location == "memory://plant"


def test_mistakes_of_a_table_at_an_address_are_those_of_one_here(memory: Any) -> None:
    put(memory, "plant/list.csv", b"file_name,label\na.png,\n")

    with pytest.raises(DatasetError, match="list.csv, line 2: label '' is empty"):
        open_source("memory://plant/list.csv")


def test_an_object_that_is_no_list_is_refused_and_a_folder_with_a_dot_is_read(memory: Any) -> None:
    put(memory, "plant/v1.2/good/a.png")

    with pytest.raises(InputError, match="no kind of list"):
        open_source("memory://plant/v1.2/good/a.png")
    assert len(open_source("memory://plant/v1.2").listing.files) == 1


def test_an_address_without_anything_is_named(memory: Any) -> None:
    with pytest.raises(InputError, match="There is nothing at 'memory://nowhere'. Check the spelling"):
        open_source("memory://nowhere")


def test_a_path_of_pathlib_is_still_the_address_it_was(memory: Any) -> None:
    put(memory, "plant/good/a.png")

    assert open_source(Path("memory://plant")).store.location == "memory://plant"


def test_paths_with_dots_or_empty_parts_are_never_read(memory: Any) -> None:
    put(memory, "secret.png")
    put(memory, "plant/good/a.png")
    store = open_store("memory://plant")

    for path in ("../secret.png", "good/../../secret.png", "/secret.png", "good//a.png", "good/./a.png", ""):
        refused = store.refusal(path)
        assert refused is not None
        assert refused.reason == "bad_name"
        with pytest.raises(InputError, match="has an empty part, or one of dots"):
            store.read(path, LIMITS)
        with pytest.raises(InputError, match="There is nothing at"):
            store.stamp(path)


@pytest.mark.parametrize("listed", [True, False])
def test_sizes_are_checked_whether_a_listing_knows_them_or_not(memory: Any, listed: bool) -> None:
    data = put(memory, "plant/good/a.png")
    put(memory, "plant/good/void.png", b"")
    store = open_source("memory://plant").store if listed else open_store("memory://plant")

    assert store.read("good/a.png", ImageLimits(max_bytes=len(data))) == data
    with pytest.raises(ImageTooLarge, match=f"has {len(data)} bytes, more than the limit of 10"):
        store.read("good/a.png", ImageLimits(max_bytes=10))
    with pytest.raises(ImageDamaged, match="is empty: 0 bytes"):
        store.read("good/void.png", LIMITS)
    with pytest.raises(InputError, match="There is nothing at 'memory://plant/good/gone.png'"):
        store.read("good/gone.png", LIMITS)


def test_a_stamp_changes_with_the_object_and_only_for_a_store_opened_anew(memory: Any) -> None:
    put(memory, "plant/good/a.png", b"old")
    store = open_store("memory://plant")
    before = store.stamp("good/a.png")

    put(memory, "plant/good/a.png", b"new")

    assert store.stamp("good/a.png") == before
    assert open_store("memory://plant").stamp("good/a.png") != before


class Counting:
    """A file system that counts its listings, and takes its time over each."""

    def __init__(self, files: Any) -> None:
        self.files = files
        self.listed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)

    def ls(self, path: str, **options: Any) -> Any:
        self.listed.append(path)
        time.sleep(0.05)
        return self.files.ls(path, **options)


def test_a_folder_is_listed_once_however_many_threads_ask_for_its_files(memory: Any) -> None:
    names = [f"{folder}/{index}.png" for folder in ("good", "crack") for index in range(20)]
    for name in names:
        put(memory, f"plant/{name}", b"x")
    counting = Counting(memory)
    store = replace(RemoteStore.at(Address("memory", "plant")), files=counting)
    start = threading.Barrier(8)

    def ask(_: int) -> list[str]:
        start.wait(10)
        return [store.stamp(name) for name in names]

    with ThreadPoolExecutor(8) as pool:
        assert len({tuple(stamps) for stamps in pool.map(ask, range(8))}) == 1

    assert sorted(counting.listed) == ["/plant/crack", "/plant/good"]


def test_what_the_class_folders_were_listed_by_is_not_asked_for_again(memory: Any) -> None:
    put(memory, "plant/good/a.png")
    counting = Counting(memory)
    store = open_source("memory://plant").store
    assert isinstance(store, RemoteStore)
    listed = replace(store, files=counting)

    missing = listed.refusal("good/gone.png")

    assert missing is not None
    assert (missing.reason, counting.listed) == ("missing", [])


class Watched:
    """A file system that writes down which objects are opened, and which parts are asked for."""

    def __init__(self, files: Any) -> None:
        self.files = files
        self.opened: list[str] = []
        self.parts: list[tuple[str, int, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)

    def open(self, path: str, *arguments: Any, **options: Any) -> Any:
        self.opened.append(path)
        time.sleep(0.05)
        return self.files.open(path, *arguments, **options)

    def cat_file(self, path: str, start: int, end: int) -> Any:
        self.parts.append((path, start, end))
        return self.files.cat_file(path, start=start, end=end)


def test_a_picture_of_a_shard_is_one_request_for_its_bytes_and_a_known_shard_is_not_looked_through(
    memory: Any, tmp_path: Path
) -> None:
    put(memory, "plant/x.tar", tar_bytes({"a/1.png": b"first", "a/2.png": b"second"}))
    stores = []
    for _ in range(2):
        files = Watched(memory)
        remote = replace(RemoteStore.at(Address("memory", "plant")), files=files)
        stores.append((ShardStore(remote, ScanMemory(tmp_path)), files))

    for store, files in stores:
        assert store.read("x.tar/a/2.png", LIMITS) == b"second"
        [(path, start, end)] = files.parts
        assert (path, end - start) == ("/plant/x.tar", 6)

    assert [len(files.opened) for _, files in stores] == [1, 0]


def test_a_shard_is_looked_through_once_however_many_threads_ask_for_it(memory: Any) -> None:
    put(memory, "plant/x.tar", tar_bytes({f"a/{index}.png": b"x" for index in range(50)}))
    files = Watched(memory)
    store = ShardStore(replace(RemoteStore.at(Address("memory", "plant")), files=files))
    start = threading.Barrier(8)

    def ask(_: int) -> bytes:
        start.wait(10)
        return b"".join(store.read(f"x.tar/a/{index}.png", LIMITS) for index in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {b"x" * 50}
    assert files.opened == ["/plant/x.tar"]


def test_a_shard_that_may_not_be_read_is_set_aside(memory: Any) -> None:
    for name in ("x.tar", "y.tar"):
        put(memory, f"plant/{name}", tar_bytes({"a/1.png": b"x"}))

    class Guarded(Watched):
        def open(self, path: str, *arguments: Any, **options: Any) -> Any:
            if path.endswith("y.tar"):
                raise PermissionError(path)
            return super().open(path, *arguments, **options)

    remote = replace(RemoteStore.at(Address("memory", "plant")), files=Guarded(memory))

    listing = list_shards(ShardStore(remote), ["x.tar", "y.tar"])

    assert [file.path for file in listing.files] == ["x.tar/a/1.png"]
    assert [(aside.path, aside.reason) for aside in listing.quarantine] == [("y.tar", "unreadable")]


@pytest.mark.parametrize(
    "location, package, extra",
    [("s3://plant", "s3fs", "s3"), ("gs://plant", "gcsfs", "gcs"), ("az://plant", "adlfs", "azure")],
)
def test_a_missing_package_is_told_with_the_extra_for_the_address(
    monkeypatch: pytest.MonkeyPatch, location: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra, match=rf"'{package}' is not installed.*sightline\[{extra}\]"):
        open_store(location)


def test_an_address_that_nothing_reads_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"'tape://x' cannot be read: .*Known are s3://, .*gs://, .*az://"):
        open_source("tape://x")


class NoCredentialsError(Exception):
    """Named as botocore names it."""


def refused(code: str) -> OSError:
    err = OSError("refused")
    err.response = {"Error": {"Code": code}}  # type: ignore[attr-defined]
    return err


@pytest.mark.parametrize(
    "err, kind, match",
    [
        pytest.param(refused("NoSuchBucket"), StoreUnreachable, "there is no bucket 'plant'", id="no bucket"),
        pytest.param(refused("ExpiredToken"), StoreUnreachable, r"not taken \(ExpiredToken\)", id="expired"),
        pytest.param(refused("SlowDown"), StoreUnreachable, "the store is busy", id="busy"),
        pytest.param(
            refused("AccessDenied"), InputError, "access denied. Ask its owner", id="denied by code"
        ),
        pytest.param(PermissionError("no"), InputError, "access denied", id="denied"),
        pytest.param(
            NoCredentialsError(), StoreUnreachable, "no credentials. Set AWS_PROFILE", id="credentials"
        ),
        pytest.param(
            FileNotFoundError("a"), InputError, "There is nothing at 's3://plant/tiles/a'", id="missing"
        ),
        pytest.param(
            ConnectionResetError("reset"), StoreUnreachable, r"nobody answers \(reset\)", id="reset"
        ),
        pytest.param(TimeoutError(), StoreUnreachable, "nobody answers", id="silent"),
        pytest.param(ValueError("odd\nthing."), InputError, "ValueError: odd thing.$", id="unknown"),
    ],
)
def test_what_a_provider_raises_is_told_with_the_address_and_a_remedy(
    err: Exception, kind: type[InputError], match: str
) -> None:
    told = explained(Address("s3", "plant/tiles"), "a", err)

    assert type(told) is kind
    with pytest.raises(InputError, match=match):
        raise told
    assert "s3://plant/tiles/a" in str(told)
