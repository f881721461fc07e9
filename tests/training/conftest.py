import importlib.util

import pytest

HAS_TORCH = importlib.util.find_spec("torch") is not None

collect_ignore_glob = [] if HAS_TORCH else ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Threads that wait for one another make tiny networks many times slower on a busy machine."""
    if HAS_TORCH:
        import torch

        torch.set_num_threads(1)
