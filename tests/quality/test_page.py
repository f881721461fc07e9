import html
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drawing import draw_below
from measured import USUAL, measured, row, rows, twins
from sightline.dataset import Dataset, Quarantined, read_dataset
from sightline.errors import InputError
from sightline.quality import check_dataset, render_page
from sightline.records import ImageLimits


def on_disk(root: Path, *paths: str) -> Dataset:
    """Pictures of which each is the same as the first."""
    draw = draw_below(root)
    for path in paths:
        draw(path, (300, 200), like="one")
    dataset = read_dataset(root)
    return Dataset.of(
        root, dataset.labels, list(dataset.samples), measures=[USUAL._replace(format="PNG")] * len(dataset)
    )


def page_of(dataset: Dataset) -> str:
    return render_page(check_dataset(dataset, None, at="2026-01-01"), dataset.store)


def test_the_page_shows_pictures_that_belong_together(tmp_path: Path) -> None:
    text = page_of(on_disk(tmp_path, "a/1.png", "a/2.png"))

    assert text.count('src="data:image/webp;base64,') == 2
    assert 'alt="a/1.png"' in text
    assert "1 file repeats one of 1 picture" in text
    assert "500–2,000 a class" in text


def test_the_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    text = page_of(on_disk(tmp_path, "a/1.png", "a/2.png"))

    assert "<script" not in text
    assert re.findall(r'(?:href|src)="(?!#|data:)|(?:href|src)=[^"]|url\(|@import', text) == []


def test_every_entry_of_the_contents_leads_somewhere(tmp_path: Path) -> None:
    text = page_of(on_disk(tmp_path, "a/1.png", "a/2.png"))

    targets = re.findall(r'href="#([^"]+)"', text)
    assert "exact_duplicates" in targets
    assert set(targets) <= set(re.findall(r'id="([^"]+)"', text))


def test_a_picture_that_has_vanished_leaves_an_empty_frame(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path, "a/1.png", "a/2.png")
    (tmp_path / "a/2.png").unlink()

    text = page_of(dataset)

    assert text.count("<img") == 1
    assert text.count("no longer readable") == 1


def test_a_picture_that_leads_out_of_the_folder_is_not_shown(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path / "set", "a/1.png", "a/2.png")
    (tmp_path / "set/a/2.png").rename(tmp_path / "2.png")
    (tmp_path / "set/a/2.png").symlink_to(tmp_path / "2.png")

    assert page_of(dataset).count("<img") == 1


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_names_are_text_and_never_markup(name: str) -> None:
    dataset = measured(
        [
            row(f"{name}1", name, sha256="s", split="train"),
            row(f"{name}2", f"{name}b", sha256="s", split="test"),
        ],
        quarantine=[Quarantined(f"{name}3", "corrupt", name)],
    )

    text = page_of(dataset)

    assert name not in text
    assert html.escape(name).replace("&quot;", "&#34;") in text


def test_control_characters_are_spelt_out_and_emoji_kept() -> None:
    dataset = measured([row("\u202egnp.\x1b[31m", "👩\u200d🏭", sha256="s"), row("b", "b\n", sha256="s")])

    text = page_of(dataset)

    assert "\\u202egnp." in text
    assert "\\x1b[31m" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "👩\u200d🏭" in text
    assert "b\\n" in text


def test_a_sound_set_and_an_empty_one_have_a_page() -> None:
    sound = measured(rows(100, "a") + rows(100, "b", prefix="other"))

    assert "No issue of any kind." in page_of(sound)
    assert "Without a usable picture: &#39;a&#39;" in page_of(measured([], labels=("a",)))


def test_labels_that_go_together_and_many_classes_are_shown() -> None:
    many = measured([row(f"{n:03}.jpg", f"class{n:03}", "common") for n in range(60)])

    text = page_of(many)

    assert 'id="together"' in text
    assert "21 smaller classes" in text


def test_the_page_says_what_was_not_looked_for() -> None:
    dataset = measured(rows(2))
    split = measured([row("0.jpg", split="train"), row("1.jpg", split="test")])

    alone = page_of(dataset)
    looked = render_page(check_dataset(split, twins(2), at=""), split.store)

    assert "Near duplicates were not looked for" in alone
    assert "leaks between splits were not looked for" in alone
    assert "not looked for" not in looked


def test_a_page_of_a_large_faulty_set_stays_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    looks: dict[str, object] = {
        "sharpness": 0.0, "brightness_high": 0.1, "brightness_low": 0.9, "entropy_bits": 0.0, "size_px": (400, 9),
    }  # fmt: skip
    shown = [row(f"{n:04}.jpg", sha256=f"s{n // 2}", **looks) for n in range(100)]  # type: ignore[arg-type]
    dataset = measured(shown + rows(600))
    store = OneFile(tmp_path / "noise.png")

    text = render_page(check_dataset(dataset, None, at=""), store)

    assert text.count("<img") > 150
    assert len(text) < 5_000_000


def test_a_picture_that_may_not_be_read_leaves_an_empty_frame(tmp_path: Path) -> None:
    dataset = on_disk(tmp_path, "a/1.png", "a/2.png")

    text = render_page(check_dataset(dataset, None, at=""), Locked(tmp_path / "a/1.png"))

    assert text.count("no longer readable") == 2


@pytest.mark.parametrize("copies, is_whole", [(12, True), (13, False)])
def test_the_page_says_when_it_does_not_show_all(copies: int, is_whole: bool) -> None:
    pairs = [row(f"{n:03}.jpg", sha256=f"s{n // 2}") for n in range(2 * copies)]

    assert ("Only the first are shown" not in page_of(measured(pairs))) is is_whole


class OneFile:
    """A store in which every path is the same picture."""

    location = "nowhere"

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()

    def refusal(self, path: str) -> None:
        return None

    def stamp(self, path: str) -> str:
        return ""

    def read(self, path: str, limits: ImageLimits) -> bytes:
        return self._data


class Locked(OneFile):
    """A store that hands nothing out."""

    def read(self, path: str, limits: ImageLimits) -> bytes:
        raise InputError(f"'{path}' cannot be read: Permission denied.")
