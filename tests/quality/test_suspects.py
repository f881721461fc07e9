import re
from dataclasses import replace
from pathlib import Path

from drawing import draw_below
from sightline.dataset import Dataset, read_corrections, read_dataset
from sightline.quality.labels import LabelReview, Suspect, suspects_page, suspects_table

SUSPECT = Suspect("a/1.png", ("a",), ("b",), 0.0125, True, {"b": 0.9, "a": 0.0125}, {"b": 5}, "f" * 64)


def pictures(root: Path) -> Dataset:
    draw = draw_below(root)
    for path in ("a/1.png", "b/2.png"):
        draw(path)
    return read_dataset(root)


def review(*suspects: Suspect) -> LabelReview:
    return LabelReview(suspects, ("a", "b"), ("A note & more.",))


def test_the_table_leaves_the_label_to_a_person_and_is_read_back_once_filled(tmp_path: Path) -> None:
    several = replace(SUSPECT, path="x, y.png", given=("a", "c"))
    table = suspects_table([SUSPECT, several])
    lines = table.decode().splitlines()
    filled = tmp_path / "suspects.csv"

    filled.write_bytes(table.replace(b",0.0125,,", b",0.0125,b,"))
    first, second = read_corrections(filled)

    assert lines[0] == "file_name,given,suggested,score,label,sha256"
    assert lines[1] == f"a/1.png,a,b,0.0125,,{'f' * 64}"
    assert (first.path, first.labels, first.given, first.sha256) == ("a/1.png", ("b",), ("a",), "f" * 64)
    assert (second.path, second.given) == ("x, y.png", ("a", "c"))


def test_an_unfilled_table_corrects_nothing(tmp_path: Path) -> None:
    table = tmp_path / "suspects.csv"
    table.write_bytes(suspects_table([SUSPECT]))

    assert read_corrections(table) == ()


def test_the_page_shows_each_suspect_and_needs_nothing_else(tmp_path: Path) -> None:
    page = suspects_page(review(SUSPECT), pictures(tmp_path))

    assert "1 label is probably wrong." in page
    assert "A note &amp; more." in page
    assert re.search(r'<img src="data:image/webp;base64,[A-Za-z0-9+/=]+" alt="a/1.png"', page)
    assert '<bdi class="given">a</bdi>' in page
    assert '<bdi class="suggested">b</bdi>' in page
    assert "90 %" in page
    assert "tied to 5 <bdi>b</bdi>" in page
    assert not re.search(r"https?://|<script|<link", page)


def test_names_from_outside_cannot_write_into_the_page(tmp_path: Path) -> None:
    hostile = replace(SUSPECT, path="<script>1</script>.png", given=("<b>",))

    page = suspects_page(review(hostile), pictures(tmp_path))

    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    assert "no longer readable" in page


def test_the_page_shows_only_the_worst(tmp_path: Path) -> None:
    dataset = pictures(tmp_path)

    page = suspects_page(review(SUSPECT, replace(SUSPECT, path="b/2.png")), dataset, most=1)

    assert "a/1.png" in page
    assert "b/2.png" not in page
