import tarfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from drawing import Draw, draw_below
from pictures import encode, gradient
from sightline.dataset import Dataset, Sample, pack_shards, read_dataset, split_dataset, write_table
from sightline.errors import DatasetError, InputError
from tars import write_tar


def content(dataset: Dataset) -> list[tuple[object, ...]]:
    """What a set says of its samples, whatever they are called."""
    return sorted(
        (one.sha256, one.labels, one.group, one.split, one.fold, sorted(one.extra.items()))
        for one in dataset.samples
    )


def keys_in(shard: Path) -> list[str]:
    with tarfile.open(shard) as tar:
        return [name.rpartition(".")[0] for name in tar.getnames() if name != "__classes__"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = draw_below(tmp_path / "set")
    for index in range(24):
        draw(f"{'abc'[index % 3]}/day {index % 2}/{index}.png")
    (tmp_path / "set/empty class").mkdir()
    return tmp_path / "set"


def test_a_set_reads_back_as_it_was_packed(folder: Path, tmp_path: Path) -> None:
    dataset = read_dataset(folder)

    pack_shards(dataset, tmp_path / "out")

    back = read_dataset(tmp_path / "out")
    assert content(back) == content(dataset)
    assert back.labels == dataset.labels == ("a", "b", "c", "empty class")
    assert {sample.path.partition("/")[2] for sample in back.samples} == {one.path for one in dataset.samples}


def test_several_labels_groups_folds_columns_and_every_split_come_back(draw: Draw, tmp_path: Path) -> None:
    rows = ["file_name,label,group,split,fold,line", "a/1.png,2|x y,g1,train,0,ü;{}", "a/2.png,10,,val,,"]
    rows += ["a/3.png,2,g1,test,3,7", "a/4.png,x y,,calibration,,", "b/5.png,2,,train,,"]
    for number in range(1, 6):
        draw(f"set/{'a' if number < 5 else 'b'}/{number}.png")
    (tmp_path / "set/metadata.csv").write_text("\n".join(rows))
    dataset = read_dataset(tmp_path / "set")
    splits = ["excluded" if one.path == "b/5.png" else one.split for one in dataset.samples]
    dataset = dataset.with_columns({"split": splits})

    pack_shards(dataset, tmp_path / "out")

    back = read_dataset(tmp_path / "out")
    assert content(back) == content(dataset)
    assert back.labels == dataset.labels == ("10", "2", "x y")
    assert {path.name.partition("-")[0] for path in (tmp_path / "out").glob("*.tar")} == {
        "train", "val", "test", "calibration", "excluded",
    }  # fmt: skip


def test_shards_of_a_table_and_shards_of_shards_are_the_same_set(folder: Path, tmp_path: Path) -> None:
    (folder / "empty class").rmdir()
    divided = split_dataset(read_dataset(folder, group_by=r"(\d)\.png"), val=0.2, test=0.2)
    write_table(divided, tmp_path / "set.parquet")

    pack_shards(read_dataset(tmp_path / "set.parquet"), tmp_path / "first", size_mb=0.005)
    pack_shards(read_dataset(tmp_path / "first"), tmp_path / "second", seed=3)

    first, second = read_dataset(tmp_path / "first"), read_dataset(tmp_path / "second")
    assert content(first) == content(second) == content(divided)
    assert {one.path.partition("/")[2] for one in second.samples} == {one.path for one in divided.samples}


def test_equal_data_and_seed_give_equal_bytes_and_another_seed_another_order(
    folder: Path, tmp_path: Path
) -> None:
    dataset = read_dataset(folder)

    for name, seed in (("one", 0), ("two", 0), ("three", 1)):
        pack_shards(dataset, tmp_path / name, seed=seed, size_mb=0.01)

    one, two, three = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two", "three")
    )
    assert one == two
    assert one["images-000000.tar"] != three["images-000000.tar"]
    with tarfile.open(tmp_path / "one/images-000000.tar") as tar:
        assert {(info.mtime, info.uid, info.gid, info.uname) for info in tar} == {(0, 0, 0, "")}


def test_samples_are_shuffled_and_the_members_of_each_stand_together(folder: Path, tmp_path: Path) -> None:
    pack_shards(read_dataset(folder), tmp_path / "out")

    keys = keys_in(tmp_path / "out/images-000000.tar")

    assert keys[::2] == keys[1::2]
    assert len(set(keys)) == 24
    assert keys[::2] != sorted(keys[::2])
    assert len({key[0] for key in keys[:12]}) == 3


def test_no_shard_grows_beyond_its_size_unless_by_a_single_picture(draw: Draw, tmp_path: Path) -> None:
    for index in range(12):
        draw(f"set/a/{index}.png")
    draw("set/a/large.png", (200, 150))

    shards = pack_shards(read_dataset(tmp_path / "set"), tmp_path / "out", size_mb=0.02)

    assert len(shards) > 2
    assert sum(one.pictures for one in shards) == 13
    assert all(one.size_bytes == (tmp_path / "out" / one.name).stat().st_size for one in shards)
    assert [one.pictures for one in shards if one.size_bytes > 20_480] == [1]


def test_numbers_of_classes_stand_for_the_names_in_the_list(folder: Path, tmp_path: Path) -> None:
    pack_shards(read_dataset(folder), tmp_path / "out")
    names = (tmp_path / "out/classes.txt").read_text().splitlines()

    classes = defaultdict(set)
    with tarfile.open(tmp_path / "out/images-000000.tar") as tar:
        for info in tar:
            if info.name.endswith(".cls"):
                file = tar.extractfile(info)
                assert file is not None
                classes[info.name[0]].add(names[int(file.read())])

    assert classes == {"a": {"a"}, "b": {"b"}, "c": {"c"}}


@pytest.mark.parametrize(
    "label, kinds", [("a", {"png", "cls", "json"}), ("a|b", {"png", "json"})], ids=["one label", "several"]
)
def test_every_sample_of_a_set_has_the_same_kinds_of_members(
    draw: Draw, tmp_path: Path, label: str, kinds: set[str]
) -> None:
    for number in range(3):
        draw(f"set/{number}.png")
    rows = f"file_name,label,group\n0.png,{label},\n1.png,a,g\n2.png,b,\n"
    (tmp_path / "set/metadata.csv").write_text(rows)

    pack_shards(read_dataset(tmp_path / "set"), tmp_path / "out")

    found = defaultdict(set)
    with tarfile.open(tmp_path / "out/images-000000.tar") as tar:
        for name in tar.getnames()[1:]:
            key, _, kind = name.partition(".")
            found[key].add(kind)
    assert found == {"0": kinds, "1": kinds, "2": kinds}


def test_shards_keep_their_class_names_without_the_list_beside_them(folder: Path, tmp_path: Path) -> None:
    pack_shards(read_dataset(folder), tmp_path / "out")
    (tmp_path / "out/classes.txt").unlink()

    assert read_dataset(tmp_path / "out").labels == ("a", "b", "c", "empty class")


def test_names_that_a_shard_cannot_have_are_changed_and_stay_apart(draw: Draw, tmp_path: Path) -> None:
    odd = [
        "a/x.1.png",
        "a/x_1.png",
        "a/x_1.bmp",
        "a/.hidden.png",
        ".b/y.png",
        f"a/{'ü' * 70}.png",
        "a/nameless",
    ]
    for path in odd[:-1]:
        draw(f"set/{path}")
    (tmp_path / "set/a/nameless").write_bytes(encode(gradient(9, 9), "JPEG"))
    rows = "\n".join(f"{path},c" for path in odd)
    (tmp_path / "set/metadata.csv").write_text(f"file_name,label\n{rows}\n")
    dataset = read_dataset(tmp_path / "set")

    pack_shards(dataset, tmp_path / "out")

    back = read_dataset(tmp_path / "out")
    assert content(back) == content(dataset)
    assert {sample.path.partition("/")[2] for sample in back.samples} == {
        "_b/y.png", "a/_hidden.png", "a/nameless.jpg", f"a/{'ü' * 70}.png", "a/x_1.png", "a/x_1-2.bmp", "a/x_1-3.png",
    }  # fmt: skip


@pytest.mark.parametrize("there", ["a folder", "an empty folder", "a file"])
def test_nothing_is_overwritten(folder: Path, tmp_path: Path, there: str) -> None:
    out = tmp_path / "out"
    if there == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        if there == "a folder":
            (out / "images-000000.tar").write_text("mine")

    with pytest.raises(InputError, match="out' is there already, and nothing is overwritten"):
        pack_shards(read_dataset(folder), out)

    assert [file.read_text() for file in (out, *out.glob("*")) if file.is_file()] in (["mine"], [])


def test_a_picture_that_has_changed_stops_the_packing_and_nothing_is_left(
    folder: Path, tmp_path: Path
) -> None:
    dataset = read_dataset(folder)
    draw_below(folder)("a/day 0/0.png", like="another")

    with pytest.raises(DatasetError, match="'a/day 0/0.png' has changed"):
        pack_shards(dataset, tmp_path / "out", size_mb=0.003)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_a_sample_with_more_text_than_readers_take_is_refused(folder: Path, tmp_path: Path) -> None:
    dataset = read_dataset(folder)
    first: Sample = replace(dataset.samples[0], extra={"log": "x" * (1 << 20)})
    dataset = Dataset.of(dataset.store, dataset.labels, [first])

    with pytest.raises(DatasetError, match="take 1,0.* bytes, more than 1,048,576. Leave some out"):
        pack_shards(dataset, tmp_path / "out")


def test_progress_is_told_for_every_picture(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    pack_shards(
        read_dataset(folder), tmp_path / "out", progress=lambda done, total: told.append((done, total))
    )

    assert told == [(done, 24) for done in range(1, 25)]


def test_a_shard_of_others_is_packed_anew_by_its_own_names(tmp_path: Path) -> None:
    write_tar(tmp_path / "in/deep/x-{0}.tar", {"a/1.png": None, "b/2.png": None})

    pack_shards(read_dataset(tmp_path / "in/deep"), tmp_path / "out")

    assert sorted(set(keys_in(tmp_path / "out/images-000000.tar"))) == ["a/1", "b/2"]
