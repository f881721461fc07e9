import importlib.util
from pathlib import Path

import pytest

from drawing import Draw, draw_below

collect_ignore = []
if importlib.util.find_spec("fsspec") is None:
    collect_ignore.append("test_remote.py")
if any(importlib.util.find_spec(name) is None for name in ("s3fs", "moto", "flask")):
    collect_ignore.append("test_s3.py")


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    return draw_below(tmp_path)
