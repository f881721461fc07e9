from pathlib import Path

import pytest

from drawing import Draw, draw_below


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    return draw_below(tmp_path)
