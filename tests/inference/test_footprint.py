import numpy as np
import pytest

from bundles import SIDE, tiny_graph
from sightline.errors import BundleCorrupt
from sightline.inference.measuring import measure_footprint


def test_the_footprint_is_that_of_the_new_process_and_not_of_this_one():
    ballast = np.ones(150_000_000)  # 1.2 GB, touched

    found = measure_footprint(tiny_graph(), "onnxruntime", "float32", (SIDE, SIDE, 3))

    assert len(ballast) > 0
    assert 20 < found.memory_mib < 600
    assert 0 < found.start_s < 60


def test_a_graph_that_does_not_open_is_told_with_the_reason():
    with pytest.raises(BundleCorrupt, match="onnxruntime at float32 does not start here: .*no graph"):
        measure_footprint(b"nothing", "onnxruntime", "float32", (SIDE, SIDE, 3))
