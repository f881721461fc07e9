"""The search on pictures of which it is known what shows what."""

import io
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sightline.dataset.duplicates import (
    SIZE_PX,
    NearDuplicates,
    candidates,
    find_near_duplicates,
    fingerprint,
)
from sightline.dataset.duplicates.search import clusters_of
from sightline.demo import DemoOptions, generate_dataset
from sightline.demo.alterations import ALTERATION_KINDS, AlterationKind, alter
from sightline.demo.encoding import encode

PIECES = 36
SHOTS = 3
# Of 36 copies; two to three fewer than are found.
LEAST_FOUND: dict[AlterationKind, int] = {
    "recompressed": 33,
    "resized": 33,
    "cropped": 26,
    "shifted": 28,
    "exposure": 33,
    "gamma": 33,
    "blurred": 29,
}
Prints = NDArray[np.uint8]


class Line(NamedTuple):
    """Pictures of the pieces of a line, shot after shot of each piece, and their fingerprints."""

    pictures: list[Image.Image]
    prints: Prints
    pieces: NDArray[np.int64]


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    root = tmp_path_factory.mktemp("line") / "set"
    truth = generate_dataset(root, DemoOptions(images=PIECES * SHOTS, shots_per_piece=SHOTS, seed=3))
    pictures = [open_rgb(root / image.file_name) for image in truth.images]
    return Line(pictures, prints_of(pictures), np.arange(PIECES * SHOTS) // SHOTS)


def open_rgb(file: Path | io.BytesIO) -> Image.Image:
    with Image.open(file) as picture:
        return picture.convert("RGB")


def prints_of(pictures: list[Image.Image]) -> Prints:
    return np.stack([fingerprint(picture.convert("L")) for picture in pictures])


def altered(picture: Image.Image, kind: AlterationKind, rng: np.random.Generator) -> Image.Image:
    quality = 60 if kind == "recompressed" else 85
    return open_rgb(io.BytesIO(encode(alter(kind, np.asarray(picture), rng).pixels, ".jpg", quality=quality)))


def pairs_of(near: NearDuplicates) -> set[tuple[int, int]]:
    return {(int(first), int(second)) for first, second in near.pairs}


@pytest.mark.parametrize("kind", ALTERATION_KINDS)
def test_an_altered_copy_is_found_and_nothing_else(line: Line, kind: AlterationKind) -> None:
    rng = np.random.default_rng(0)
    originals = line.pictures[::SHOTS]
    copies = [altered(picture, kind, rng) for picture in originals]

    found = pairs_of(find_near_duplicates(prints_of([*originals, *copies])))

    true = {(row, row + PIECES) for row in range(PIECES)}
    assert len(found & true) >= LEAST_FOUND[kind]
    assert found <= true


def test_shots_of_a_piece_are_one_cluster_and_pieces_are_apart(line: Line) -> None:
    near = find_near_duplicates(line.prints)

    first, second = near.pairs.T
    whole = [len(set(near.clusters[line.pieces == piece])) == 1 for piece in range(PIECES)]
    known = near.clusters >= 0
    assert (line.pieces[first] == line.pieces[second]).all()
    assert all(len(set(line.pieces[near.clusters == cluster])) == 1 for cluster in set(near.clusters[known]))
    assert sum(whole) >= 0.8 * PIECES
    assert near.similarity.min() >= 0.35


def test_a_cluster_may_be_much_larger_than_the_number_of_neighbours_looked_at(line: Line) -> None:
    rng = np.random.default_rng(0)
    copies = [altered(line.pictures[0], kind, rng) for kind in ALTERATION_KINDS for _ in range(4)]

    near = find_near_duplicates(np.concatenate([prints_of(copies), line.prints[SHOTS:]]))

    assert set(near.clusters[: len(copies)]) == {0}
    assert 0 not in near.clusters[len(copies) :]


def test_the_same_set_gives_the_same_with_any_number_of_workers(line: Line) -> None:
    once = find_near_duplicates(line.prints, workers=1)

    for workers in (1, 3):
        again = find_near_duplicates(line.prints, workers=workers)
        np.testing.assert_array_equal(again.pairs, once.pairs)
        np.testing.assert_array_equal(again.similarity, once.similarity)
        np.testing.assert_array_equal(again.clusters, once.clusters)


def test_the_order_of_the_rows_does_not_decide_what_is_paired(line: Line) -> None:
    expected = pairs_of(find_near_duplicates(line.prints))

    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(line.prints))
        near = find_near_duplicates(line.prints[order])
        assert {(min(pair), max(pair)) for pair in order[near.pairs].tolist()} == expected


def test_a_large_set_is_searched_through_a_graph_with_the_same_clusters(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = find_near_duplicates(line.prints)
    monkeypatch.setattr(candidates, "_EXACT_BELOW", 50)
    monkeypatch.delattr(candidates, "_exact_neighbours")

    through_graph = find_near_duplicates(line.prints)

    np.testing.assert_array_equal(through_graph.clusters, exact.clusters)


@pytest.mark.parametrize("level", [0, 128, 255], ids=["black", "grey", "white"])
def test_plain_pictures_pair_with_nothing(line: Line, level: int) -> None:
    plain = np.full((3, SIZE_PX, SIZE_PX), level, np.uint8)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        near = find_near_duplicates(np.concatenate([plain, line.prints[::SHOTS]]))

    assert pairs_of(near) == set()
    assert (near.clusters == -1).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_handful_of_pictures_is_enough(line: Line, count: int) -> None:
    near = find_near_duplicates(line.prints[::SHOTS][:count])

    assert near.pairs.shape == (0, 2)
    assert near.similarity.shape == (0,)
    assert near.clusters.tolist() == [-1] * count


def test_two_copies_are_a_pair_that_agrees(line: Line) -> None:
    near = find_near_duplicates(line.prints[[0, 0]])

    assert near.pairs.tolist() == [[0, 1]]
    assert near.similarity[0] == pytest.approx(1, abs=0.01)
    assert near.clusters.tolist() == [0, 0]


def test_a_higher_threshold_leaves_some_of_the_pairs(line: Line) -> None:
    usual = find_near_duplicates(line.prints)
    strict = find_near_duplicates(line.prints, threshold=float(np.median(usual.similarity)))

    assert 0 < len(strict.pairs) < len(usual.pairs)
    assert pairs_of(strict) <= pairs_of(usual)


def test_progress_ends_with_all(line: Line) -> None:
    seen: list[tuple[int, int]] = []

    find_near_duplicates(line.prints, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(done, len(seen)) for done in range(1, len(seen) + 1)]
    assert len(seen) > 1


@pytest.mark.parametrize(
    "pairs, count, clusters",
    [
        pytest.param([], 0, [], id="nothing"),
        pytest.param([], 2, [-1, -1], id="no pairs"),
        pytest.param([(0, 1), (1, 2), (2, 3)], 5, [0, 0, 0, 0, -1], id="a chain"),
        pytest.param([(1, 4), (0, 3)], 5, [0, 1, -1, 0, 1], id="numbered by first rows"),
        pytest.param([(0, 5), (2, 5), (3, 4)], 6, [0, -1, 0, 1, 1, 0], id="joined by the last"),
    ],
)
def test_clusters_are_what_pairs_tie_together(
    pairs: list[tuple[int, int]], count: int, clusters: list[int]
) -> None:
    found = clusters_of(np.array(pairs, np.int64).reshape(-1, 2), count)

    assert found.tolist() == clusters
    assert found.dtype == np.int64
