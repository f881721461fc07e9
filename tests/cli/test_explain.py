import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from pictures import encode, gradient


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
