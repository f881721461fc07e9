"""How many pictures go together, by what was measured of the graph."""

import pytest

from sightline.inference.measuring import BatchSize, this_machine


@pytest.mark.parametrize(
    "ms_each, best",
    [
        pytest.param({1: 5.54, 2: 5.48}, 2, id="a middling network"),
        pytest.param({1: 27.1, 2: 27.6}, 1, id="a large one that gains nothing"),
        pytest.param({1: 0.034, 2: 0.020}, 2, id="a tiny one, where calls are all"),
        pytest.param({1: 8.0, 4: 2.1, 16: 0.7, 32: 0.72}, 16, id="a device that takes one call at a time"),
        pytest.param({1: 5.0}, 1, id="nothing to choose"),
    ],
)
def test_calls_are_counted_in(ms_each, best):
    measured = BatchSize(bundle_id="a", variant="float32", machine=this_machine(), ms_each=ms_each)

    assert measured.best == best
