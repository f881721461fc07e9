import subprocess
import sys

import pytest

from sightline.demo.story import _make_room
from sightline.errors import InputError


def test_the_demonstration_runs_from_pictures_to_compared_answers(tmp_path):
    command = [sys.executable, "-m", "sightline", "demo", "--images", "100", "--out", str(tmp_path / "out")]

    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert result.returncode == 0, result.stderr
    assert "HTTP and offline agree on 100%" in result.stdout
    assert "torch and ONNX agree on 100%" in result.stdout
    assert "Try next" in result.stdout
    assert (tmp_path / "out" / "inspection" / "bundle.json").is_file()


def test_a_folder_that_the_demo_did_not_make_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(InputError, match="was not made by the demo"):
        _make_room(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_demo_replaces_what_it_made_itself(tmp_path):
    _make_room(tmp_path / "out")
    (tmp_path / "out" / "data").mkdir()

    _make_room(tmp_path / "out")

    assert not (tmp_path / "out" / "data").exists()
