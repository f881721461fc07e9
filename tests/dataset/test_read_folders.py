import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from drawing import Draw
from sightline.dataset import Dataset, read_dataset
from sightline.errors import DatasetError, InputError
from sightline.records import ImageLimits


def reasons(dataset: Dataset) -> dict[str, str]:
    return {aside.path: aside.reason for aside in dataset.quarantine}


def paths(dataset: Dataset) -> list[str]:
    return [sample.path for sample in dataset.samples]


def test_class_folders_give_samples_sorted_by_path_and_nested_ones_belong_to_their_class(
    draw: Draw, tmp_path: Path
) -> None:
    for path in ("good/z.png", "crack/day 2/line/b.png", "crack/a.png"):
        draw(path)

    dataset = read_dataset(tmp_path)

    assert paths(dataset) == ["crack/a.png", "crack/day 2/line/b.png", "good/z.png"]
    assert [sample.labels for sample in dataset.samples] == [("crack",), ("crack",), ("good",)]
    assert {sample.split for sample in dataset.samples} == {None}
    assert dataset.labels == ("crack", "good")
    assert dataset.quarantine == ()


def test_a_sample_knows_the_size_and_the_hash_of_its_file(draw: Draw, tmp_path: Path) -> None:
    data = draw("good/a.png", size=(31, 7)).read_bytes()

    (sample,) = read_dataset(tmp_path).samples

    assert (sample.width_px, sample.height_px) == (31, 7)
    assert sample.size_bytes == len(data)
    assert sample.sha256 == hashlib.sha256(data).hexdigest()


def test_width_and_height_are_those_of_the_upright_picture(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (640, 480)).save(tmp_path / "good" / "turned.jpg", exif=exif)

    (sample,) = read_dataset(tmp_path).samples

    assert (sample.width_px, sample.height_px) == (480, 640)


def test_split_folders_are_read_under_each_of_their_usual_names(draw: Draw, tmp_path: Path) -> None:
    for path in ("Train/good/a.png", "valid/good/b.png", "validation/crack/c.png", "test/good/d.png"):
        draw(path)

    dataset = read_dataset(tmp_path)

    assert {sample.path: sample.split for sample in dataset.samples} == {
        "Train/good/a.png": "train",
        "test/good/d.png": "test",
        "valid/good/b.png": "val",
        "validation/crack/c.png": "val",
    }
    assert dataset.labels == ("crack", "good")


def test_split_folders_beside_class_folders_are_refused_by_name(draw: Draw, tmp_path: Path) -> None:
    draw("train/good/a.png")
    draw("masks/b.png")

    with pytest.raises(DatasetError, match=r"split folders \(train\) beside others \(masks\)"):
        read_dataset(tmp_path)


def test_what_does_not_decode_is_set_aside_with_its_reason(draw: Draw, tmp_path: Path) -> None:
    draw("good/whole.png")
    cut = draw("good/cut.png", size=(60, 60))
    cut.write_bytes(cut.read_bytes()[:2000])
    draw("good/large.png", size=(50, 50))
    (tmp_path / "good" / "empty.jpg").touch()
    (tmp_path / "good" / "notes.txt").write_text("not a picture")

    dataset = read_dataset(tmp_path, limits=ImageLimits(max_bytes=6000))

    assert paths(dataset) == ["good/whole.png"]
    assert reasons(dataset) == {
        "good/cut.png": "truncated",
        "good/empty.jpg": "empty",
        "good/large.png": "too_many_bytes",
        "good/notes.txt": "format_not_allowed",
    }
    assert [aside.path for aside in dataset.quarantine] == sorted(reasons(dataset))


def test_hidden_files_litter_and_files_outside_classes_are_passed_over(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")
    for name in (
        "truth.jsonl",
        "README.md",
        ".git/config",
        "good/.DS_Store",
        "good/Thumbs.db",
        "good/desktop.ini",
        "good/.cache/x.png",
        "__MACOSX/good/x.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("litter")

    dataset = read_dataset(tmp_path)

    assert (paths(dataset), dataset.quarantine, dataset.labels) == (["good/a.png"], (), ("good",))


def test_links_within_the_folder_are_read_and_those_that_leave_it_are_not(draw: Draw, tmp_path: Path) -> None:
    draw("elsewhere/secret.png")
    picture = draw("data/good/a.png")
    folder = tmp_path / "data" / "good"
    (folder / "twin.png").symlink_to(picture)
    (folder / "secret.png").symlink_to(tmp_path / "elsewhere" / "secret.png")
    (folder / "gone.png").symlink_to(folder / "never was.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "again").symlink_to(folder)
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "elsewhere")

    dataset = read_dataset(tmp_path / "data")

    assert paths(dataset) == ["good/a.png", "good/twin.png"]
    assert reasons(dataset) == {
        "good/again": "linked_folder",
        "good/circle.png": "unreadable",
        "good/gone.png": "missing",
        "good/secret.png": "outside_root",
        "linked": "linked_folder",
    }
    assert dataset.labels == ("good", "linked")
    assert [aside.path for aside in dataset.quarantine] == sorted(reasons(dataset))


def test_a_pipe_is_set_aside_and_not_waited_for(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")
    os.mkfifo(tmp_path / "good" / "pipe.png")

    assert reasons(read_dataset(tmp_path)) == {"good/pipe.png": "not_a_file"}


def test_a_name_that_is_no_text_is_set_aside_in_readable_form(draw: Draw, tmp_path: Path) -> None:
    picture = draw("good/a.png")
    try:
        os.link(picture, os.fsencode(tmp_path) + b"/good/\xff.png")
    except OSError:
        pytest.skip("this file system takes no such name")

    assert reasons(read_dataset(tmp_path)) == {"good/\\udcff.png": "bad_name"}


def test_a_class_without_a_usable_picture_keeps_its_place_among_the_labels(
    draw: Draw, tmp_path: Path
) -> None:
    draw("good/a.png")
    (tmp_path / "crack").mkdir()

    dataset = read_dataset(tmp_path)

    assert dataset.class_counts() == {"crack": 0, "good": 1}


def test_no_class_folder_is_an_error_that_shows_the_expected_form(draw: Draw, tmp_path: Path) -> None:
    draw("loose.png")

    with pytest.raises(InputError, match=r"has no class folders.*crack/1\.jpg.*metadata\.csv"):
        read_dataset(tmp_path)


def test_pictures_right_within_split_folders_are_an_error_that_names_the_splits(
    draw: Draw, tmp_path: Path
) -> None:
    draw("train/a.png")
    draw("val/b.png")

    with pytest.raises(InputError, match=r"no class folders in its split folders \(train, val\)"):
        read_dataset(tmp_path)


def test_a_table_that_is_there_but_cannot_be_opened_is_not_passed_over(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")
    (tmp_path / "metadata.csv").symlink_to(tmp_path / "gone.csv")

    with pytest.raises(InputError, match=r"metadata\.csv' cannot be read: No such file"):
        read_dataset(tmp_path)


def test_what_is_neither_folder_nor_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")

    for name in ("pipe.csv", "circle"):
        with pytest.raises(InputError, match=rf"{name}' is neither a folder nor a file"):
            read_dataset(tmp_path / name)
    with pytest.raises(InputError, match="The location is empty"):
        read_dataset("")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_is_set_aside_or_named(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")
    draw("good/secret.png").chmod(0)
    draw("closed/b.png").parent.chmod(0)

    assert reasons(read_dataset(tmp_path)) == {"closed": "unreadable", "good/secret.png": "unreadable"}
    with pytest.raises(InputError, match="closed' cannot be read: Permission denied"):
        read_dataset(tmp_path / "closed")


def test_not_one_usable_picture_is_an_error_with_the_first_reasons(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "empty.jpg").touch()

    with pytest.raises(DatasetError, match=r"no usable picture: 1 files .*'good/empty\.jpg'.*0 bytes"):
        read_dataset(tmp_path)


def test_classes_without_any_file_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()

    with pytest.raises(DatasetError, match="not one picture in them"):
        read_dataset(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no folder .*nowhere"):
        read_dataset(tmp_path / "nowhere")


def test_progress_counts_every_file_once_also_those_set_aside(draw: Draw, tmp_path: Path) -> None:
    for index in range(9):
        draw(f"good/{index}.png")
    (tmp_path / "good" / "bad.png").touch()
    seen: list[tuple[int, int]] = []

    read_dataset(tmp_path, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(done, 10) for done in range(1, 11)]
