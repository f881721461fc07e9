import unicodedata
from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import read_dataset
from sightline.dataset.sources.source import open_source
from sightline.errors import DatasetError


@pytest.mark.parametrize("name", ["Riß 🙂", "破損", "crack, deep", "#1", "e\u0301clat", "-", "a'b"])
def test_a_class_folder_may_have_any_name_that_can_be_shown(draw: Draw, tmp_path: Path, name: str) -> None:
    draw(f"{name}/a.png")

    dataset = read_dataset(tmp_path)

    assert dataset.labels == (name,)
    assert dataset.samples[0].path == f"{name}/a.png"


@pytest.mark.parametrize(
    "name, match",
    [
        pytest.param("a|b", r"'a\|b' has a \|, which divides labels in tables. Rename", id="bar"),
        pytest.param(" crack", "' crack' begins or ends with a space. Take", id="leading space"),
        pytest.param("crack ", "'crack ' begins or ends with a space", id="trailing space"),
        pytest.param("cr\nack", r"'cr\\nack' has a character that cannot be shown", id="line feed"),
    ],
)
def test_a_class_folder_that_no_table_could_name_is_refused(
    draw: Draw, tmp_path: Path, name: str, match: str
) -> None:
    draw(f"{name}/a.png")
    draw("good/a.png")

    with pytest.raises(DatasetError, match=f"class folders that cannot be classes: {match}"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(unicodedata.normalize("NFD", "Café"), id="decomposed"),
        pytest.param("Ca\u200bfé", id="zero-width space"),
        pytest.param("Café\ufe0f", id="variation selector"),
    ],
)
def test_two_class_folders_that_look_the_same_are_refused(draw: Draw, tmp_path: Path, other: str) -> None:
    draw("train/Café/a.png")
    draw(f"val/{other}/b.png")

    with pytest.raises(DatasetError, match="has two classes that look the same: .*Give both the same name"):
        open_source(tmp_path)


def test_names_that_differ_in_capitals_are_two_classes(draw: Draw, tmp_path: Path) -> None:
    draw("Good/a.png")
    draw("good/b.png")

    assert open_source(tmp_path).listing.labels == ("Good", "good")
