"""Fixtures that more than one room uses; and what is left out where torch is not installed."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundles import make_bundle

collect_ignore = []
if importlib.util.find_spec("torch") is None:
    collect_ignore += [
        "training",
        "optimize",
        "cli/test_experiment_commands.py",
        "cli/test_train_stop.py",
        "lifecycle/experiments/test_ablation.py",
        "lifecycle/experiments/test_crossvalidation.py",
        "lifecycle/experiments/test_tuning.py",
        "lifecycle/test_baselines.py",
        "lifecycle/test_build.py",
        "lifecycle/test_head.py",
        "lifecycle/test_prepare.py",
        "lifecycle/optimizing/test_rounded.py",
        "lifecycle/optimizing/test_smaller.py",
        "demo/test_story.py",
    ]
    collect_ignore += ["lifecycle/test_backbone_embeddings.py"]
if importlib.util.find_spec("cleanlab") is None:
    collect_ignore += ["quality/test_label_errors.py", "lifecycle/test_label_errors.py"]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Threads that wait for one another make tiny networks many times slower on a busy machine."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, and no process that it starts, writes to the cache of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny bundle that every test may read and none may change."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "tiles")


@pytest.fixture
def own_bundle(tmp_path: Path) -> Path:
    """A tiny bundle to be changed."""
    return make_bundle(tmp_path / "own")
