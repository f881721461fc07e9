import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from sightline.demo import DemoOptions, generate_dataset, read_truth
from sightline.demo.pieces import CLASSES, plan_pieces
from sightline.errors import InputError


def files_below(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_the_same_options_give_the_same_bytes(faulty, tmp_path):
    generate_dataset(tmp_path / "again", faulty.options)

    assert files_below(tmp_path / "again") == files_below(faulty.root)


def test_another_seed_gives_other_pictures(tmp_path):
    first = generate_dataset(tmp_path / "a", DemoOptions(images=5, seed=1))
    second = generate_dataset(tmp_path / "b", DemoOptions(images=5, seed=2))

    pictures = [(tmp_path / "a" / image.file_name).read_bytes() for image in first.images]
    others = [(tmp_path / "b" / image.file_name).read_bytes() for image in second.images]
    assert not set(pictures) & set(others)


def test_a_picture_does_not_depend_on_how_many_follow_it_nor_on_the_faults(tmp_path):
    few = generate_dataset(tmp_path / "few", DemoOptions(images=7, imbalance=3, shots_per_piece=3))
    generate_dataset(
        tmp_path / "many",
        DemoOptions(images=15, imbalance=3, shots_per_piece=3, damaged=0.3, near_duplicates=0.3),
    )

    many = files_below(tmp_path / "many")
    assert len(few.images) == 7
    assert all(
        (tmp_path / "few" / image.file_name).read_bytes() == many[image.file_name] for image in few.images
    )


def test_every_class_has_its_folder_and_its_share(tmp_path):
    generate_dataset(tmp_path / "set", DemoOptions(images=50))

    counts = {folder.name: len(list(folder.iterdir())) for folder in (tmp_path / "set").glob("*/")}
    assert counts == dict.fromkeys(CLASSES, 10)


def test_imbalance_is_the_ratio_of_the_commonest_to_the_rarest_class():
    pieces = plan_pieces(DemoOptions(imbalance=8), 456)

    counts = Counter(piece.labels[0] for piece in pieces).most_common()
    assert counts[0] == ("good", 200)
    assert counts[-1] == ("crack", 25)


def test_files_come_in_both_formats_both_modes_and_many_sizes(faulty):
    sound = [image for image in faulty.truth.images if image.fault is None]

    suffixes = {Path(image.file_name).suffix for image in sound}
    sizes = {(image.width_px, image.height_px) for image in sound}
    modes = {Image.open(io.BytesIO(faulty.read(image.file_name))).mode for image in sound}
    assert suffixes == {".jpg", ".png"}
    assert modes == {"L", "RGB"}
    assert len(sizes) > 30
    assert any(width > height for width, height in sizes)
    assert any(width < height for width, height in sizes)


def test_sides_are_those_of_the_line_and_one_picture_in_a_hundred_is_large():
    sides = [(piece.width_px, piece.height_px) for piece in plan_pieces(DemoOptions(), 1000)]

    large = [pair for pair in sides if min(pair) > 500]
    assert 3 <= len(large) <= 20
    assert all(140 <= side <= 322 for pair in sides if pair not in large for side in pair)


def test_a_piece_with_all_its_shots_stays_in_one_split(faulty):
    splits_of_group: dict[str, set[str]] = {}
    for path in faulty.root.rglob("piece*"):
        split, _, name = path.relative_to(faulty.root).as_posix().split("/")
        splits_of_group.setdefault(name.partition("_")[0], set()).add(split)

    assert len(splits_of_group) >= 45
    assert all(len(splits) == 1 for splits in splits_of_group.values())


def test_every_split_holds_its_share_of_every_class(tmp_path):
    truth = generate_dataset(tmp_path / "set", DemoOptions(images=100, layout="splits", val=0.2, test=0.1))

    counts = Counter((image.split, image.labels[0]) for image in truth.images)
    wanted = {"train": 14, "val": 4, "test": 2}
    assert counts == {(split, label): n for split, n in wanted.items() for label in CLASSES}


def test_shots_of_a_piece_are_different_pictures(faulty):
    shots = [
        faulty.read(image.file_name)
        for image in faulty.truth.images
        if image.group == "piece00003" and image.fault is None
    ]

    assert len(shots) == 2
    assert len(set(shots)) == 2


def test_metadata_lists_all_files_and_gives_some_of_them_several_labels(tmp_path):
    root = tmp_path / "set"
    truth = generate_dataset(root, DemoOptions(images=40, layout="metadata", mixed=0.5))

    with (root / "metadata.csv").open(newline="") as file:
        rows = {row["file_name"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(files_below(root)) - {"metadata.csv", "truth.jsonl"}
    for image in truth.images:
        row = rows[image.file_name]
        assert row["labels"].split("|") == sorted({d.kind for d in image.defects}) or row["labels"] == "good"
        assert (row["group"], row["split"]) == (image.group, image.split)
    assert any("|" in row["labels"] for row in rows.values())


def test_pictures_of_one_kind_of_defect_are_the_same_in_both_layouts(tmp_path):
    folders = generate_dataset(tmp_path / "folders", DemoOptions(images=12))
    generate_dataset(tmp_path / "metadata", DemoOptions(images=12, layout="metadata", mixed=0))

    for image in folders.images:
        name = Path(image.file_name).name
        in_table = tmp_path / "metadata" / "images" / name
        assert in_table.read_bytes() == (tmp_path / "folders" / image.file_name).read_bytes()


def test_truth_names_every_file_and_reads_back_as_it_was_returned(faulty):
    named = {image.file_name for image in faulty.truth.images}

    assert named == set(files_below(faulty.root)) - {"truth.jsonl"}
    assert read_truth(faulty.root) == faulty.truth


def test_progress_counts_the_files(tmp_path):
    seen: list[int] = []

    generate_dataset(tmp_path / "set", DemoOptions(images=6, exact_duplicates=0.5), seen.append)

    assert seen == list(range(1, 10))


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(InputError, match=r"is not empty.*Choose another folder"):
        generate_dataset(tmp_path, DemoOptions(images=1))

    assert files_below(tmp_path) == {"notes.txt": b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "set").write_text("mine")

    with pytest.raises(InputError, match="is a file"):
        generate_dataset(tmp_path / "set", DemoOptions(images=1))


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "set").mkdir()

    generate_dataset(tmp_path / "set", DemoOptions(images=1))

    assert (tmp_path / "set" / "truth.jsonl").is_file()


@pytest.mark.parametrize(
    "failure", [OSError("disk full"), KeyboardInterrupt("enough")], ids=["error", "interrupt"]
)
def test_what_goes_wrong_midway_leaves_nothing_behind(tmp_path, failure):
    def fail_at_third(written: int) -> None:
        if written == 3:
            raise failure

    with pytest.raises(type(failure), match=str(failure)):
        generate_dataset(tmp_path / "set", DemoOptions(images=50), fail_at_third)

    assert list(tmp_path.iterdir()) == []


def test_a_leak_without_a_second_split_is_refused():
    with pytest.raises(ValidationError, match="needs a second split"):
        DemoOptions(val=0, test=0, duplicates_cross_splits=True)
