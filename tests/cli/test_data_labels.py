import subprocess
import sys

import pytest

from sightline.errors import MissingExtra
from sightline.extras import require


def test_the_help_names_the_extra_and_its_licence() -> None:
    command = [sys.executable, "-m", "sightline", "data", "labels", "--help"]

    shown = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    assert "Needs the extra `labels`" in shown
    assert "AGPL-3.0" in shown


def test_without_cleanlab_the_extra_and_its_licence_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab", None)

    with pytest.raises(MissingExtra, match=r"sightline\[labels\](?s:.*)AGPL-3\.0"):
        require("cleanlab")
