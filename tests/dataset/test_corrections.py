from dataclasses import replace
from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import Dataset, Sample, apply_corrections, read_corrections, read_dataset
from sightline.errors import DatasetError, InputError


def sample(path: str, *labels: str) -> Sample:
    return Sample(path, labels, None, None, 4, 4, 100, f"{path}-hash")


def dataset_of(*samples: Sample) -> Dataset:
    return Dataset.of(Path("/nowhere"), ("a", "b", "c"), samples)


def write(folder: Path, text: str) -> Path:
    path = folder / "suspects.csv"
    path.write_bytes(text.encode())
    return path


def test_labels_are_changed_pictures_left_out_and_empty_rows_passed_over(tmp_path: Path) -> None:
    dataset = dataset_of(sample("v", "a"), sample("w", "a"), sample("x", "a"), sample("y", "b"))
    table = write(
        tmp_path,
        "\ufefffile_name,given,suggested,score,label,sha256\r\n"
        "y,b,a,0.1,c | a,y-hash\r\nw,a,b,0.1,!exclude,w-hash\r\nv,a,b,0.2,,v-hash\r\ngone,a,b,0.2,,\r\n",
    )

    corrected = apply_corrections(dataset, read_corrections(table))

    assert [(s.path, s.labels, s.split) for s in corrected.samples] == [
        ("v", ("a",), None),
        ("w", ("a",), "excluded"),
        ("x", ("a",), None),
        ("y", ("a", "c"), None),
    ]
    assert corrected.notes == ("Corrections: 1 labels were changed and 1 pictures left out.",)
    assert corrected.digest() != dataset.digest()


def test_corrections_that_confirm_change_nothing(tmp_path: Path) -> None:
    dataset = dataset_of(sample("x", "a"))
    table = write(tmp_path, "file_name,label\nx,a\n")

    corrected = apply_corrections(dataset, read_corrections(table))

    assert corrected.digest() == dataset.digest()
    assert corrected.notes == ()


def test_corrections_hold_on_the_next_reading_of_the_folder(draw: Draw, tmp_path: Path) -> None:
    for path in ("set/a/1.png", "set/b/2.png"):
        draw(path)
    table = write(tmp_path, "file_name,label\na/1.png,b\n")

    dataset = read_dataset(tmp_path / "set", corrections=table)

    assert [sample.labels for sample in dataset.samples] == [("b",), ("b",)]
    assert dataset.labels == ("a", "b")


def test_all_mistakes_against_the_data_are_told_together(tmp_path: Path) -> None:
    dataset = dataset_of(sample("x", "a"), sample("y", "a"), sample("z", "a"))
    table = write(
        tmp_path,
        "file_name,given,label,sha256\ngone,a,b,\nx,a,b,other\ny,c,b,\nz,a,d|b,z-hash\n",
    )

    with pytest.raises(DatasetError, match="has mistakes") as caught:
        apply_corrections(dataset, read_corrections(table))

    starts = [
        "line 2: 'gone' is not in the data set",
        "line 3: 'x' is another picture",
        "line 4: 'y' was labelled c when it was looked at and is a now",
        "line 5: 'z' is to be d, which is no class",
    ]
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == len(starts)
    assert all(line.startswith(f"  corrections, {start}") for line, start in zip(lines, starts, strict=True))


def test_a_new_label_may_be_allowed(tmp_path: Path) -> None:
    table = write(tmp_path, "file_name,label\nx,d\n")

    corrected = apply_corrections(dataset_of(sample("x", "a")), read_corrections(table), new_labels=True)

    assert corrected.labels == ("a", "b", "c", "d")
    assert corrected.samples[0].labels == ("d",)


def test_a_label_that_was_corrected_at_the_source_meanwhile_is_fine(tmp_path: Path) -> None:
    table = write(tmp_path, "file_name,given,label\nx,a,b\n")
    already = dataset_of(replace(sample("x"), labels=("b",)))

    assert apply_corrections(already, read_corrections(table)).digest() == already.digest()


def test_all_mistakes_of_the_table_itself_are_told_together(tmp_path: Path) -> None:
    table = write(tmp_path, "file_name,label,sha256\nx,a,\nx,b,\ny,a|,\nz,!exclude|a,\nw,a\nv,a,,too many\n")

    with pytest.raises(DatasetError, match="has mistakes") as caught:
        read_corrections(table)

    starts = [
        "line 3: 'x' is corrected in line 2 already",
        "line 4: label 'a|' has an empty part",
        "line 5: label '!exclude|a' has an empty part, or !exclude beside",
        "line 6: not as many cells",
        "line 7: not as many cells",
    ]
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == len(starts)
    assert all(line.startswith(f"  suspects.csv, {start}") for line, start in zip(lines, starts, strict=True))


@pytest.mark.parametrize(
    "text, match",
    [
        pytest.param("", "no column file_name and label", id="empty"),
        pytest.param("file_name;label\nx;a\n", "no column file_name and label", id="semicolons"),
        pytest.param('file_name,label\n"x,a\n', "no proper CSV", id="unclosed quote"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(DatasetError, match=match):
        read_corrections(write(tmp_path, text))


def test_a_table_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_corrections(tmp_path / "none.csv")
