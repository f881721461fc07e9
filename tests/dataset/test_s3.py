import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buckets import CREDENTIALS, Bucket, running_bucket
from sightline.dataset import pack_shards, read_dataset, read_sample, read_table, write_table
from sightline.dataset.sources.source import open_source, open_store
from sightline.errors import ImageDamaged, InputError, StoreUnreachable
from sightline.parallel import in_order
from sightline.records import ImageLimits
from tars import picture, tar_bytes


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with running_bucket() as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": server.endpoint}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    return server


def test_class_folders_in_a_bucket_are_read_and_their_markers_passed_over(bucket: Bucket) -> None:
    for key in ("tiles/good/a.png", "tiles/good/deep/ü b#?%20+.png", "tiles/crack/c.png"):
        bucket.put(key)
    for marker in ("tiles/", "tiles/good/", "tiles/nothing yet/"):
        bucket.put(marker, b"")
    for odd in ("tiles/good//x.png", "tiles/good/../y.png", "tiles/good/void.png", "tiles//z/a.png"):
        bucket.put(odd, b"")

    dataset = read_dataset("s3://plant/tiles")

    assert [sample.path for sample in dataset.samples] == [
        "crack/c.png",
        "good/a.png",
        "good/deep/ü b#?%20+.png",
    ]
    assert dataset.labels == ("crack", "good", "nothing yet")
    assert {aside.path: aside.reason for aside in dataset.quarantine} == {
        "/": "bad_name",
        "good//x.png": "bad_name",
        "good/../y.png": "bad_name",
        "good/void.png": "empty",
    }
    assert read_sample(dataset, dataset.samples[1]) == bucket.put("tiles/good/a.png")


def test_a_table_in_a_bucket_is_read_and_what_it_names_in_vain_is_missing(bucket: Bucket) -> None:
    bucket.put("table/x/a.png")
    bucket.put("table/metadata.csv", b"file_name,label,line\nx/a.png,good,7\nx/gone.png,good,8\n")

    dataset = read_dataset("s3://plant/table")

    assert [(sample.path, sample.extra) for sample in dataset.samples] == [("x/a.png", {"line": "7"})]
    assert [(aside.path, aside.reason) for aside in dataset.quarantine] == [("x/gone.png", "missing")]


@pytest.mark.parametrize(
    "location", ["s3://plant/shards", "s3://plant/shards/x-{00..01}.tar"], ids=["folder", "pattern"]
)
def test_shards_in_a_bucket_are_read_at_their_places_and_found_again_by_a_table(
    bucket: Bucket, tmp_path: Path, location: str
) -> None:
    bucket.put("shards/x-00.tar", tar_bytes({"1.png": None, "1.cls": "1", "void.png": b"", "void.cls": "0"}))
    bucket.put("shards/x-01.tar", tar_bytes({"ü#/2.png": None, "ü#/2.cls": "0", "3.png": None}))
    bucket.put("shards/classes.txt", b"good\ncrack\n")

    dataset = read_dataset(location)

    assert [(one.path, one.labels) for one in dataset.samples] == [
        ("x-00.tar/1.png", ("crack",)),
        ("x-01.tar/ü#/2.png", ("good",)),
    ]
    assert {aside.path: aside.reason for aside in dataset.quarantine} == {
        "x-00.tar/void.png": "empty",
        "x-01.tar/3.png": "no_label",
    }
    write_table(dataset, tmp_path / "shards.parquet")
    again = read_table(tmp_path / "shards.parquet")
    assert read_sample(again, again.samples[1]) == picture("ü#/2.png")


def test_a_single_shard_in_a_bucket_is_a_set_and_one_too_few_is_named(bucket: Bucket) -> None:
    bucket.put("single/x-0.tar", tar_bytes({"a/1.png": None}))

    assert read_dataset("s3://plant/single/x-0.tar").labels == ("a",)
    with pytest.raises(InputError, match="1 of 2 shards are not in 's3://plant/single': x-1.tar"):
        open_source("s3://plant/single/x-{0..1}.tar")
    with pytest.raises(InputError, match="There is nothing at 's3://plant/single/y.tar'"):
        open_source("s3://plant/single/y.tar")


def test_pictures_of_a_bucket_are_packed_into_shards(bucket: Bucket, tmp_path: Path) -> None:
    for key in ("pack/train/good/a.png", "pack/train/crack/b.png", "pack/val/good/c.png"):
        bucket.put(key)
    dataset = read_dataset("s3://plant/pack")

    pack_shards(dataset, tmp_path / "out")

    back = read_dataset(tmp_path / "out")
    assert {(one.sha256, one.labels, one.split) for one in back.samples} == {
        (one.sha256, one.labels, one.split) for one in dataset.samples
    }


def test_many_threads_read_whole_objects_through_one_store(bucket: Bucket) -> None:
    names = [f"{index % 5}/{index}.bin" for index in range(120)]
    expected = [f"{name} ".encode() * 500 for name in names]
    for name, data in zip(names, expected, strict=True):
        bucket.put(f"many/{name}", data)
    store = open_store("s3://plant/many")

    assert list(in_order(lambda name: store.read(name, ImageLimits()), names, workers=8)) == expected


def test_a_stamp_is_the_entity_tag_and_costs_no_request_after_a_listing(bucket: Bucket) -> None:
    bucket.put("stamps/good/a.png")
    store = open_source("s3://plant/stamps").store
    tag = bucket.client.head_object(Bucket="plant", Key="stamps/good/a.png")["ETag"].strip('"')
    size = bucket.client.head_object(Bucket="plant", Key="stamps/good/a.png")["ContentLength"]

    bucket.client.delete_object(Bucket="plant", Key="stamps/good/a.png")

    assert store.stamp("good/a.png") == f"{size}-{tag}"


def test_an_empty_object_is_told_as_such_though_no_listing_knows_it(bucket: Bucket) -> None:
    bucket.put("void/a.png", b"")

    with pytest.raises(ImageDamaged, match="'s3://plant/void/a.png' is empty"):
        open_store("s3://plant/void").read("a.png", ImageLimits())


def test_an_object_that_vanishes_after_the_listing_is_set_aside(bucket: Bucket) -> None:
    bucket.put("vanish/good/a.png")
    store = open_source("s3://plant/vanish").store
    bucket.client.delete_object(Bucket="plant", Key="vanish/good/a.png")

    with pytest.raises(InputError, match="There is nothing at 's3://plant/vanish/good/a.png'"):
        store.read("good/a.png", ImageLimits())
    refused = open_store("s3://plant/vanish").refusal("good/a.png")
    assert refused is not None
    assert refused.reason == "missing"


@pytest.mark.parametrize(
    "location, match",
    [
        pytest.param("s3://nowhere/tiles", "there is no bucket 'nowhere'", id="bucket"),
        pytest.param("s3://nowhere/list.csv", "there is no bucket 'nowhere'", id="bucket of a list"),
        pytest.param("s3://plant/tilez", "There is nothing at 's3://plant/tilez'", id="prefix"),
    ],
)
def test_what_is_not_there_is_named(bucket: Bucket, location: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        open_source(location)


def test_no_credentials_are_told_with_the_variables_to_set(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(StoreUnreachable, match="no credentials. Set AWS_PROFILE"):
        open_source("s3://plant/tiles")


def test_a_dead_endpoint_gives_its_error_and_does_not_hang(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    started = time.monotonic()

    with pytest.raises(StoreUnreachable, match="'s3://plant/tiles' cannot be read: nobody answers"):
        open_source("s3://plant/tiles")

    assert time.monotonic() - started < 60
