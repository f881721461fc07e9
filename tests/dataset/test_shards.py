import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.dataset import read_dataset, read_sample, read_table, write_table
from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.shard_store import ShardStore
from sightline.dataset.sources.source import open_source
from sightline.dataset.sources.store import LocalStore
from sightline.errors import DatasetError, ImageDamaged, ImageTooLarge, InputError
from sightline.parallel import in_order
from sightline.records import ImageLimits
from tars import picture, tar_bytes, write_tar

LIMITS = ImageLimits()


def labels_of(location: Path | str) -> Mapping[str, tuple[str, ...]]:
    return {file.path: file.labels for file in open_source(location).listing.files}


def reasons(location: Path | str) -> Mapping[str, str]:
    return {aside.path: aside.reason for aside in open_source(location).listing.quarantine}


def test_a_picture_and_its_class_are_a_sample_and_its_bytes_are_those_of_the_member(tmp_path: Path) -> None:
    write_tar(tmp_path / "s/x-000.tar", {"7.png": None, "7.cls": "cat\n"})
    write_tar(tmp_path / "s/x-001.tar", {"in/8.PNG": None, "in/8.cls": "dog"})

    dataset = read_dataset(tmp_path / "s")

    assert [(one.path, one.labels, one.split) for one in dataset.samples] == [
        ("x-000.tar/7.png", ("cat",), None),
        ("x-001.tar/in/8.PNG", ("dog",), None),
    ]
    assert dataset.labels == ("cat", "dog")
    assert read_sample(dataset, dataset.samples[1]) == picture("in/8.PNG")


@pytest.mark.parametrize("name", ["classes.txt", "labels.txt"])
def test_numbers_are_classes_of_the_list_beside_the_shards(tmp_path: Path, name: str) -> None:
    write_tar(tmp_path / "x.tar", {"1.png": None, "1.cls": "0", "2.png": None, "2.json": {"label": 2}})
    (tmp_path / name).write_text("zebra\nunseen\nant\n")

    listing = open_source(tmp_path / "x.tar").listing

    assert [file.labels for file in listing.files] == [("zebra",), ("ant",)]
    assert listing.labels == ("ant", "unseen", "zebra")


def test_numbers_without_a_list_are_the_names_and_a_list_without_numbers_is_none(tmp_path: Path) -> None:
    write_tar(
        tmp_path / "numbers/x.tar", {"1.png": None, "1.cls": "10", "2.png": None, "2.json": {"label": 9}}
    )
    write_tar(tmp_path / "names/x.tar", {"1.png": None, "1.cls": "cat"})
    (tmp_path / "names/classes.txt").write_text("tench\ngoldfish\n")

    assert open_source(tmp_path / "numbers").listing.labels == ("10", "9")
    assert open_source(tmp_path / "names").listing.labels == ("cat",)


def test_the_classes_within_a_shard_come_before_those_beside_it(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"__classes__": "ant\nbee\n", "1.png": None, "1.cls": "1"})
    (tmp_path / "classes.txt").write_text("cat\ndog\n")

    assert labels_of(tmp_path) == {"x.tar/1.png": ("bee",)}


def test_json_gives_labels_group_split_fold_and_further_columns(tmp_path: Path) -> None:
    said = {
        "labels": ["rust", "crack"],
        "group": 7,
        "split": "valid",
        "fold": 2,
        "line": "A",
        "camera": {"id": 3},
        "empty": None,
        "file_name": "was/x.png",
    }
    write_tar(tmp_path / "x.tar", {"1.png": None, "1.json": said, "1.cls": "not this"})

    [file] = open_source(tmp_path).listing.files

    assert (file.labels, file.group, file.split, file.fold) == (("crack", "rust"), "7", "val", 2)
    assert file.extra == {"line": "A", "camera": '{"id":3}'}


def test_without_labels_the_folders_within_are_the_classes(tmp_path: Path) -> None:
    flat = write_tar(
        tmp_path / "flat.tar", {"./cat/day 1/a.b.png": None, "./cat/a.c.png": None, "dog/1.png": None}
    )
    split = write_tar(tmp_path / "parts.tar", {"Train/cat/1.png": None, "test/dog/1.png": None})

    assert labels_of(flat) == {
        "flat.tar/cat/a.c.png": ("cat",),
        "flat.tar/cat/day 1/a.b.png": ("cat",),
        "flat.tar/dog/1.png": ("dog",),
    }
    assert {file.path: (file.labels, file.split) for file in open_source(split).listing.files} == {
        "parts.tar/Train/cat/1.png": (("cat",), "train"),
        "parts.tar/test/dog/1.png": (("dog",), "test"),
    }


@pytest.mark.parametrize(
    "members, path, reason",
    [
        pytest.param({"1.png": None}, "1.png", "no_label", id="no label"),
        pytest.param({"1.png": None, "1.txt": "a cat"}, "1.png", "no_label", id="a caption is no label"),
        pytest.param({"1.cls": "3"}, "1.cls", "no_picture", id="no picture"),
        pytest.param({"1.npy": b"x", "1.cls": "3"}, "1.npy", "no_picture", id="no kind of picture"),
        pytest.param({"1.png": None, "1.cls": ""}, "1.png", "no_label", id="empty"),
        pytest.param({"1.png": None, "1.cls": b"\xff\xfe"}, "1.png", "bad_label", id="no text"),
        pytest.param({"1.png": None, "1.cls": "x" * (2 << 20)}, "1.png", "bad_label", id="too long"),
        pytest.param({"1.png": None, "1.json": "{"}, "1.png", "bad_label", id="no JSON"),
        pytest.param({"1.png": None, "1.json": "[3]"}, "1.png", "bad_label", id="no object"),
        pytest.param({"1.png": None, "1.json": '{"label": NaN}'}, "1.png", "bad_label", id="no number"),
        pytest.param({"1.png": None, "1.json": {"label": 1.5}}, "1.png", "bad_label", id="no whole number"),
        pytest.param({"1.png": None, "1.json": {"label": True}}, "1.png", "bad_label", id="truth"),
        pytest.param({"1.png": None, "1.json": {"labels": []}}, "1.png", "bad_label", id="no labels"),
        pytest.param({"1.png": None, "1.json": {"label": "a", "fold": -1}}, "1.png", "bad_label", id="fold"),
        pytest.param(
            {"__classes__": "a\n", "1.png": None, "1.cls": "1"}, "1.png", "bad_label", id="beyond the list"
        ),
        pytest.param(
            {"__classes__": "a\n", "1.png": None, "1.cls": "-1"}, "1.png", "bad_label", id="below the list"
        ),
        pytest.param({"1.png": None, "1.jpg": None, "1.cls": "3"}, "1.jpg", "ambiguous", id="two pictures"),
        pytest.param([("a/1.png", None), ("a/1.png", b"x")], "a/1.png", "ambiguous", id="twice"),
    ],
)
def test_what_is_no_whole_sample_is_set_aside_with_its_reason(
    tmp_path: Path, members: Mapping[str, None], path: str, reason: str
) -> None:
    (tmp_path / "x.tar").write_bytes(tar_bytes(members))
    write_tar(tmp_path / "y.tar", {"good/1.png": None})

    listing = open_source(tmp_path).listing

    assert (f"x.tar/{path}", reason) in [(aside.path, aside.reason) for aside in listing.quarantine]
    assert "y.tar/good/1.png" in [file.path for file in listing.files]


def test_other_pictures_of_a_sample_such_as_masks_are_left_alone(tmp_path: Path) -> None:
    write_tar(
        tmp_path / "x.tar", {"1.png": None, "1.seg.png": None, "1.cls": "a", "2.left.png": None, "2.cls": "b"}
    )

    assert labels_of(tmp_path) == {"x.tar/1.png": ("a",), "x.tar/2.left.png": ("b",)}
    assert reasons(tmp_path) == {}


@pytest.mark.parametrize(
    "train, val",
    [("train-0.tar", "val-0.tar"), ("train/0.tar", "valid/0.tar"), ("a_Train_0.tar", "a.validation.tar")],
)
def test_shards_name_their_split(tmp_path: Path, train: str, val: str) -> None:
    for name in (train, val):
        write_tar(tmp_path / name, {"a/1.png": None})

    assert {file.path: file.split for file in open_source(tmp_path).listing.files} == {
        f"{train}/a/1.png": "train",
        f"{val}/a/1.png": "val",
    }


def test_a_split_must_be_named_by_all_shards_or_by_none(tmp_path: Path) -> None:
    for name in ("train-0.tar", "more.tar"):
        write_tar(tmp_path / name, {"a/1.png": None})

    with pytest.raises(DatasetError, match="'train-0.tar' does, and some none, as 'more.tar'"):
        open_source(tmp_path)


def test_a_split_for_some_samples_only_is_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"a/1.png": None, "train/a/2.png": None})

    with pytest.raises(DatasetError, match="samples with a split and samples without"):
        open_source(tmp_path)


def test_a_pattern_names_shards_and_no_others(tmp_path: Path) -> None:
    for number in range(8, 13):
        write_tar(tmp_path / f"s/part/x-{number:03d}.tar", {"a/1.png": None})

    source = open_source(f"{tmp_path}/s/{{part,part}}/x-{{009..011}}.tar")

    assert [file.path for file in source.listing.files] == [
        f"part/x-{number}.tar/a/1.png" for number in ("009", "010", "011")
    ]
    assert source.store.location == str(tmp_path / "s")


def test_a_pattern_may_be_longer_than_any_name(tmp_path: Path) -> None:
    names = [f"{index}-{'x' * 40}" for index in range(10)]
    for name in names:
        write_tar(tmp_path / f"{name}.tar", {"a/1.png": None})

    assert len(open_source(f"{tmp_path}/{{{','.join(names)}}}.tar").listing.files) == 10


@pytest.mark.parametrize(
    "pattern, match",
    [
        pytest.param("x-{0..3}.tar", r"2 of 4 shards are not in '.*': x-2.tar, x-3.tar", id="missing"),
        pytest.param("x-{0..}.tar", r"'\{0..\}' of 'x-\{0..\}.tar' is no range", id="open range"),
        pytest.param("x-{3..0}.tar", "is no range of shards", id="backwards"),
        pytest.param("x-{0..999999999}.tar", "is no range of shards", id="endless"),
        pytest.param("{0..999}/{0..999}.tar", "more than 100,000 shards", id="too many"),
        pytest.param("x-{0..1}.jpg", "names 'x-0.jpg', which is no tar", id="no tar"),
        pytest.param("x-{0..1}.tar.gz", "'x-0.tar.gz' cannot be a shard.*gzip -dc", id="compressed"),
    ],
)
def test_a_pattern_that_names_no_shards_says_why(tmp_path: Path, pattern: str, match: str) -> None:
    for number in range(2):
        write_tar(tmp_path / f"x-{number}.tar", {"a/1.png": None})

    with pytest.raises(InputError, match=match):
        open_source(f"{tmp_path}/{pattern}")


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.tar.zst"])
def test_compressed_shards_are_refused_with_the_command_that_unpacks_them(tmp_path: Path, name: str) -> None:
    write_tar(tmp_path / "y.tar", {"a/1.png": None})
    (tmp_path / name).write_bytes(b"x")

    for location in (tmp_path, tmp_path / name):
        with pytest.raises(InputError, match=rf"'{name}' cannot be a shard.*gzip -dc x.tar.gz > x.tar"):
            open_source(location)


def test_a_tar_beside_class_folders_is_not_read(tmp_path: Path) -> None:
    write_tar(tmp_path / "all.tar", {"a/1.png": None})
    write_tar(tmp_path / "cat/old.tar", {"a/1.png": None})
    (tmp_path / "cat/1.png").write_bytes(picture("1.png"))

    assert labels_of(tmp_path) == {"cat/1.png": ("cat",), "cat/old.tar": ("cat",)}


def test_a_damaged_shard_is_set_aside_and_the_others_are_read(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"a/1.png": None})
    (tmp_path / "y.tar").write_bytes(tar_bytes({"b/1.png": None, "b/2.png": None})[:1000])
    (tmp_path / "z.tar").write_bytes(b"nothing of the kind" * 100)
    (tmp_path / "linked.tar").symlink_to("/etc/passwd")

    dataset = read_dataset(tmp_path)

    assert [sample.path for sample in dataset.samples] == ["x.tar/a/1.png", "y.tar/b/1.png"]
    assert {aside.path: aside.reason for aside in dataset.quarantine} == {
        "linked.tar": "outside_root",
        "y.tar": "truncated",
        "z.tar": "corrupt",
    }


def test_nothing_but_a_damaged_shard_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"nothing of the kind" * 100)

    with pytest.raises(
        DatasetError, match="no usable picture: 1 files.*'x.tar': What stands at byte 0 is no header"
    ):
        read_dataset(tmp_path / "x.tar")


def test_a_key_in_two_shards_is_noted_and_both_are_kept(tmp_path: Path) -> None:
    for name in ("x.tar", "y.tar"):
        write_tar(tmp_path / name, {"1.png": None, "1.cls": "a"})

    dataset = read_dataset(tmp_path)

    assert len(dataset) == 2
    assert [note for note in dataset.notes if "'1' in 'x.tar' and 'y.tar'" in note]


@pytest.mark.parametrize(
    "text, match",
    [
        ("crane\ndog\ncrane\n", "has the class 'crane' in the lines 1 and 3"),
        ("a\n\nb\n", "line 2: the class '' is empty"),
        ("a|b\n", r"line 1: the class 'a\|b' has a \|"),
    ],
)
def test_a_list_of_classes_with_a_mistake_is_refused(tmp_path: Path, text: str, match: str) -> None:
    write_tar(tmp_path / "x.tar", {"1.png": None, "1.cls": "0"})
    (tmp_path / "classes.txt").write_text(text)

    with pytest.raises(DatasetError, match=f"classes.txt,? {match}"):
        open_source(tmp_path)


def test_two_lists_of_classes_are_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"1.png": None, "1.cls": "0"})
    for name in ("classes.txt", "labels.txt"):
        (tmp_path / name).write_text("a\n")

    with pytest.raises(DatasetError, match="has both classes.txt and labels.txt"):
        open_source(tmp_path)


def test_sizes_are_checked_before_a_byte_is_read(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"a/1.png": None, "a/void.png": b""})
    store = open_source(tmp_path).store

    with pytest.raises(ImageTooLarge, match="more than the limit of 10"):
        store.read("x.tar/a/1.png", ImageLimits(max_bytes=10))
    with pytest.raises(ImageDamaged, match="is empty: 0 bytes"):
        store.read("x.tar/a/void.png", LIMITS)


@pytest.mark.parametrize(
    "path",
    ["x.tar/a/2.png", "x.tar", "../x.tar/a/1.png", "y.tar/a/1.png", "x.tar/../x.tar/a/1.png", "a/1.png"],
)
def test_what_no_shard_has_is_refused(tmp_path: Path, path: str) -> None:
    write_tar(tmp_path / "s/x.tar", {"a/1.png": None})
    write_tar(tmp_path / "x.tar", {"a/1.png": None})
    store = open_source(tmp_path / "s").store

    assert isinstance(store.refusal(path), Quarantined)
    with pytest.raises(InputError, match="cannot be read"):
        store.read(path, LIMITS)


def test_a_shard_cut_off_while_it_is_read_is_told(tmp_path: Path) -> None:
    shard = write_tar(tmp_path / "x.tar", {"a/1.png": None})
    store = open_source(tmp_path).store

    shard.write_bytes(shard.read_bytes()[:600])

    with pytest.raises(InputError, match="x.tar' is shorter than when it was opened"):
        store.read("x.tar/a/1.png", LIMITS)


def test_many_threads_read_through_one_store_in_any_order(tmp_path: Path) -> None:
    names = [f"{index % 7}/{index}.png" for index in range(200)]
    for shard in ("x.tar", "y.tar"):
        write_tar(tmp_path / shard, {name: f"{shard} {name}".encode() * 50 for name in names})
    table = [f"{shard}/{name}" for name in reversed(names) for shard in ("x.tar", "y.tar")]
    store = replace(open_source(tmp_path).store)

    read = list(in_order(lambda path: store.read(path, LIMITS), table, workers=8))

    assert read == [f"{path[:5]} {path[6:]}".encode() * 50 for path in table]


def test_a_store_travels_to_another_process(tmp_path: Path) -> None:
    write_tar(tmp_path / "x.tar", {"a/1.png": None})
    store = ShardStore(LocalStore(tmp_path))
    store.read("x.tar/a/1.png", LIMITS)

    assert pickle.loads(pickle.dumps(store)).read("x.tar/a/1.png", LIMITS) == picture("a/1.png")


def test_a_table_of_shards_finds_them_again_beside_it(tmp_path: Path) -> None:
    write_tar(tmp_path / "old/s/x.tar", {"a/1.png": None, "b/2.png": None})
    write_table(read_dataset(tmp_path / "old/s"), tmp_path / "old/s.parquet")
    (tmp_path / "old").rename(tmp_path / "new")

    dataset = read_table(tmp_path / "new/s.parquet")

    assert read_sample(dataset, dataset.samples[0]) == picture("a/1.png")
    assert dataset.digest() == read_dataset(tmp_path / "new/s").digest()
    assert dataset.store == open_source(tmp_path / "new/s").store
