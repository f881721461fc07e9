"""How many pictures go together, by what was measured of the graph."""

import json

import pytest

from sightline.bundle import read_bundle
from sightline.inference import open_engine
from sightline.inference.measuring import BatchSize, batch_size_here, this_machine


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


def kept_as(folder, ms_each):
    """Write other figures into what is remembered, and return the file."""
    (path,) = folder.iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), "ms_each": ms_each}))
    return path


def test_what_was_measured_is_remembered(bundle, tmp_path):
    opened, folder = read_bundle(bundle), tmp_path / "sizes"
    engine = open_engine(opened, threads=1)
    batch_size_here(opened, engine, folder)

    kept_as(folder, {"1": 1.0, "2": 1.5})
    assert batch_size_here(opened, engine, folder) == 1
    kept_as(folder, {"1": 1.0, "2": 0.5})
    assert batch_size_here(opened, engine, folder) == 2


def test_of_other_sizes_it_is_measured_anew(bundle, tmp_path):
    opened, folder = read_bundle(bundle), tmp_path / "sizes"
    engine = open_engine(opened, threads=1)
    batch_size_here(opened, engine, folder)
    path = kept_as(folder, {"1": 1.0, "2": 0.5, "4": 0.1})

    assert batch_size_here(opened, engine, folder) in (1, 2)
    assert json.loads(path.read_text())["ms_each"].keys() == {"1", "2"}


def test_where_each_picture_runs_alone_nothing_is_measured(bundle, tmp_path):
    opened = read_bundle(bundle)
    engine = open_engine(opened, threads=1)
    engine.runs_alone = True

    assert batch_size_here(opened, engine, tmp_path / "sizes") == 1
    assert not (tmp_path / "sizes").exists()
