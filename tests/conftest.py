"""Fixtures that more than one room uses."""

from pathlib import Path

import pytest

from bundles import make_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny bundle that every test may read and none may change."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "tiles")


@pytest.fixture
def own_bundle(tmp_path: Path) -> Path:
    """A tiny bundle to be changed."""
    return make_bundle(tmp_path / "own")
