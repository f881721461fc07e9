import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from bundles import with_second_variant
from pictures import encode, gradient
from sightline.bundle import read_bundle
from sightline.inference import load


def sightline(*arguments):
    command = [sys.executable, "-m", "sightline", "explain", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=wide)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    (folder / "a.png").write_bytes(encode(gradient()))
    (folder / "below" / "a.png").write_bytes(encode(gradient(500, 300)))
    (folder / "broken.jpg").write_bytes(encode(gradient(), "JPEG")[:-50])
    return folder


def test_pictures_are_written_and_a_bad_file_does_not_stop_the_others(bundle, pictures, tmp_path):
    result = sightline(bundle, pictures, "--out", tmp_path / "why")

    assert result.returncode == 1
    assert sorted(path.name for path in (tmp_path / "why").iterdir()) == ["a.png-2.png", "a.png.png"]
    with Image.open(tmp_path / "why" / "a.png-2.png") as drawn:
        assert drawn.size == (500 + 8 + 500, 300)
    assert "RISE; peak at x " in result.stdout
    assert "of 64 × 48" in result.stdout
    assert "broken.jpg: The image ends before its end mark" in result.stderr
    assert "1 of 3 files could not be explained." in result.stderr


def test_json_has_a_line_a_file(bundle, pictures, tmp_path):
    result = sightline(bundle, pictures, "--json", "--label", "hole", "--out", tmp_path / "why")

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert [row["file"] for row in rows] == [
        str(pictures / name) for name in ("a.png", "below/a.png", "broken.jpg")
    ]
    assert rows[0]["explanation"]["label"] == "hole"
    assert rows[0]["prediction"]["candidates"]
    assert rows[0]["overlay"] == str(tmp_path / "why" / "a.png.png")
    assert rows[2]["error"]["reason"] == "truncated"


def test_another_method_can_be_named(bundle, pictures, tmp_path):
    result = sightline(bundle, pictures / "a.png", "--method", "class_activation", "--out", tmp_path / "why")

    assert result.returncode == 0
    assert "; class-activation map, exact; peak at" in result.stdout
    assert np.asarray(Image.open(io.BytesIO((tmp_path / "why" / "a.png.png").read_bytes()))).ndim == 3


def test_an_unknown_label_is_told_before_any_picture_is_read(bundle, pictures, tmp_path):
    result = sightline(bundle, pictures, "--label", "rust", "--out", tmp_path / "why")

    assert result.returncode == 2
    assert "has no label 'rust'. It has: crack, good, hole." in result.stderr
    assert not (tmp_path / "why").exists()


def test_no_picture_at_all_is_an_error(bundle, tmp_path):
    result = sightline(bundle, tmp_path)

    assert result.returncode == 2
    assert "No images found" in result.stderr


def test_no_file_that_was_there_is_overwritten(bundle, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    originals = {"a.png": encode(gradient()), "a.png.png": encode(gradient(90, 60))}
    for name, content in originals.items():
        (folder / name).write_bytes(content)
    (folder / "a.png-2.png").symlink_to(tmp_path / "elsewhere.png")

    result = sightline(bundle, folder / "a.png", folder / "a.png.png", "--out", folder)

    assert result.returncode == 0, result.stderr
    assert {name: (folder / name).read_bytes() for name in originals} == originals
    assert not (tmp_path / "elsewhere.png").exists()
    assert {path.name for path in folder.iterdir()} - set(originals) == {
        "a.png-2.png",
        "a.png-3.png",
        "a.png.png.png",
    }
    assert str(folder / "a.png-3.png") in result.stdout


@pytest.mark.parametrize("below", [(), ("deep", "deeper")], ids=["itself", "above it"])
def test_a_file_where_the_folder_should_be_is_told_before_the_bundle_is_opened(tmp_path, below):
    (tmp_path / "a.png").write_bytes(encode(gradient()))
    file = tmp_path / "file"
    file.write_text("mine")

    result = sightline(tmp_path / "no-bundle", tmp_path / "a.png", "--out", file.joinpath(*below))

    assert result.returncode == 2
    assert f"--out names a folder, and '{file}' is a file. Name another." in result.stderr
    assert file.read_text() == "mine"


def test_a_name_as_long_as_a_name_may_be_gets_a_shorter_one(bundle, tmp_path):
    long = tmp_path / f"{'n' * 251}.png"
    long.write_bytes(encode(gradient()))

    result = sightline(bundle, long, "--out", tmp_path / "why")

    assert result.returncode == 0, result.stderr
    assert [path.name for path in (tmp_path / "why").iterdir()] == [f"{'n' * 240}.png"]


@pytest.mark.parametrize("options", [(), ("--out", "golden"), ("--out", "new/deep")])
def test_a_bundle_is_never_written_into(own_bundle, tmp_path, monkeypatch, options):
    (tmp_path / "a.png").write_bytes(encode(gradient()))
    monkeypatch.chdir(own_bundle)

    result = sightline(own_bundle, tmp_path / "a.png", *options)

    assert result.returncode == 2
    assert "which nothing may be added to. Choose another folder with --out." in result.stderr
    read_bundle(own_bundle)
    assert not (own_bundle / "explained").exists()


def test_a_variant_can_be_named(bundle, tmp_path):
    several = with_second_variant(bundle, tmp_path / "several")
    (tmp_path / "a.png").write_bytes(encode(gradient()))
    arguments = (several, tmp_path / "a.png", "--json", "--out", tmp_path / "why", "--variant")

    named, unknown = sightline(*arguments, "second"), sightline(*arguments, "third")

    answer = load(several, variant="second").predict(tmp_path / "a.png")
    assert json.loads(named.stdout)["prediction"]["probability"] == pytest.approx(
        answer.probability, abs=1e-6
    )
    assert answer.probability != pytest.approx(
        load(several).predict(tmp_path / "a.png").probability, abs=1e-3
    )
    assert unknown.returncode == 2
    assert "has no variant 'third'. It has: float32, second." in unknown.stderr
