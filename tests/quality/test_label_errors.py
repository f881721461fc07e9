from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.dataset import Dataset, Sample
from sightline.errors import DatasetError, InputError
from sightline.quality.labels import find_label_errors, out_of_sample_probabilities, review_embeddings
from sightline.quality.labels.folds import unit_folds
from sightline.quality.labels.unit_labels import UnitLabels

LABELS = ("a", "b", "c")


def sample(path: str, *labels: str, group: str | None = None, cluster: int | None = None) -> Sample:
    return Sample(path, labels, group, None, 4, 4, 100, f"{path}-hash", cluster=cluster)


def blobs(
    count: int, classes: int = 3, apart: float = 4.0, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Embeddings in 16 dimensions around one centre a class, with the true classes."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    centres = np.eye(classes, 16) * apart
    return (centres[truth] + rng.normal(size=(count, 16))).astype(np.float32), truth


def dataset_of(samples: list[Sample], labels: tuple[str, ...] = LABELS) -> Dataset:
    return Dataset.of(Path("/nowhere"), labels, samples)


def single(targets: NDArray[np.int64]) -> list[Sample]:
    return [sample(f"{row:04}", LABELS[target]) for row, target in enumerate(targets)]


def test_planted_wrong_labels_come_first_with_the_right_suggestion() -> None:
    embeddings, truth = blobs(300)
    wrong = [5, 40, 77, 120, 203, 299]
    given = truth.copy()
    given[wrong] = (given[wrong] + 1) % 3

    review = review_embeddings(dataset_of(single(given)), embeddings)

    first = review.suspects[: len(wrong)]
    assert {int(one.path) for one in first} == set(wrong)
    assert all(one.suggested == (LABELS[truth[int(one.path)]],) for one in first)
    assert 4 <= sum(one.flagged for one in first) <= review.flagged <= 8
    assert review.notes == ()


def test_the_ranking_goes_on_past_what_is_flagged_and_never_falls_back() -> None:
    embeddings, truth = blobs(90)

    review = review_embeddings(dataset_of(single(truth)), embeddings)

    scores = [one.score for one in review.suspects]
    assert len(scores) == 90
    assert scores == sorted(scores)
    assert review.flagged < 5
    assert len(review.worst()) == 20
    assert len(review.worst(7)) == 7


def test_a_piece_that_is_wrong_as_a_whole_is_flagged_though_its_shots_agree() -> None:
    embeddings, truth = blobs(120, apart=9.0)
    given = truth.copy()
    shots = np.arange(0, 30, 3)  # ten shots of one piece of class a, all of them called b
    embeddings[shots] = embeddings[0]
    given[shots] = 1
    samples = [
        sample(f"{row:04}", LABELS[target], group="piece" if row in shots else None)
        for row, target in enumerate(given)
    ]

    tied = review_embeddings(dataset_of(samples), embeddings)
    untied = review_embeddings(dataset_of(single(given)), embeddings)

    doubted = [one for one in tied.suspects if int(one.path) in shots]
    believed = [one for one in untied.suspects if int(one.path) in shots]
    assert all(one.suggested == ("a",) and one.flagged for one in doubted)
    assert all(one.tied == {"b": 9} for one in doubted)
    assert max(one.score for one in doubted) < 0.6 < min(one.score for one in believed)
    assert not any(one.flagged for one in believed)


@pytest.mark.parametrize("pieces, is_flagged", [(8, False), (40, True)])
def test_of_a_class_with_few_pieces_a_classifier_alone_flags_none_as_a_whole(
    pieces: int, is_flagged: bool
) -> None:
    targets = np.array([0] * 40 + [1] * (pieces + 6))
    probabilities = np.where(targets[:, None] == [0, 1], 0.8, 0.2)
    probabilities[-6:] = 0.9, 0.1  # one piece that is called b and looks like a
    units = np.array([*range(40 + pieces), *[40 + pieces] * 6])

    found = find_label_errors(probabilities, targets, ("a", "b"), single(targets), units_n=units)

    assert {int(one.path) for one in found[:6]} == set(range(len(targets) - 6, len(targets)))
    assert all(one.suggested == ("a",) and one.flagged is is_flagged for one in found[:6])
    assert not any(one.flagged for one in found[6:])


def test_a_shot_that_disagrees_with_its_piece_comes_first_where_a_classifier_sees_nothing() -> None:
    rng = np.random.default_rng(0)
    pieces = np.arange(120) // 6
    truth = pieces % 2
    embeddings = rng.normal(size=(20, 16))[pieces].astype(np.float32)  # pieces have nothing of their class
    given = truth.copy()
    wrong = [3, 50, 77, 119]
    given[wrong] = 1 - given[wrong]
    samples = [
        sample(f"{row:04}", LABELS[target], group=f"{pieces[row]}") for row, target in enumerate(given)
    ]

    review = review_embeddings(dataset_of(samples, ("a", "b")), embeddings)

    assert {int(one.path) for one in review.suspects[: len(wrong)]} == set(wrong)


def test_what_a_classifier_flags_stands_where_most_of_the_unit_disagrees_too() -> None:
    targets = np.array([0] * 120 + [1] * 8 + [0, 0, 1, 1])
    probabilities = np.where(targets[:, None] == [0, 1], 0.9, 0.1)
    probabilities[-4:] = 0.92, 0.08  # one piece that looks like a; two of its four shots are called b
    units = np.array([*(row // 3 for row in range(120)), *range(40, 48), *[48] * 4])

    found = find_label_errors(probabilities, targets, ("a", "b"), single(targets), units_n=units)

    assert {int(one.path) for one in found if one.flagged} == {130, 131}


def test_the_labels_of_the_unit_weigh_by_their_number_and_never_outvote_a_sure_classifier() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [1.0, 0.0], *[[0.5, 0.5]] * 99])
    given = np.array([[True, False], [False, True], [False, True], *[[False, True]] * 100])
    units = np.array([0, 0, 1, *[2] * 100])

    unit_labels = UnitLabels.of(given, units)
    mixed = unit_labels.mixed_with(probabilities)

    assert unit_labels.counts_nc[[0, 1, 2, 3]].tolist() == [[0, 1], [1, 0], [0, 0], [0, 99]]
    assert unit_labels.units_c.tolist() == [1, 3]
    assert mixed[0] == pytest.approx([0.75 * 0.9, 0.75 * 0.1 + 0.25])  # the one other says b
    assert mixed[1] == pytest.approx([0.75 * 0.9 + 0.25, 0.75 * 0.1])
    assert mixed[2] == pytest.approx([0.2, 0.8])  # stands alone
    assert 0.5 < mixed[3, 0] < 0.51  # a hundred shots say b
    assert np.allclose(mixed.sum(axis=1), 1)


@pytest.mark.parametrize("several", [False, True], ids=["one label", "several labels"])
def test_folds_hold_every_row_out_once_and_part_no_unit(several: bool) -> None:
    rng = np.random.default_rng(1)
    targets = rng.random((80, 3)) < 0.4 if several else rng.integers(0, 3, 80)
    units = rng.integers(0, 30, 80)

    folds = list(unit_folds(targets, units, 4, seed=0))

    held_out = np.concatenate([rows for _, rows in folds])
    assert sorted(held_out.tolist()) == list(range(80))
    assert all(not set(units[known]) & set(units[unknown]) for known, unknown in folds)


def test_probabilities_are_the_same_for_the_same_seed_and_add_up_to_one() -> None:
    embeddings, truth = blobs(60, apart=1.0)

    once, again, other = (
        out_of_sample_probabilities(embeddings, truth, np.arange(60), seed=seed) for seed in (0, 0, 1)
    )

    assert once.shape == (60, 3)
    assert np.allclose(once.sum(axis=1), 1)
    assert (once == again).all()
    assert not np.allclose(once, other)


def test_probabilities_mean_about_what_they_say() -> None:
    embeddings, truth = blobs(3000, apart=1.5)

    probabilities = out_of_sample_probabilities(embeddings, truth, np.arange(3000))

    right = (probabilities.argmax(axis=1) == truth).mean()
    assert 0.6 < right < 0.95
    assert abs(probabilities.max(axis=1).mean() - right) < 0.03


def test_a_missing_and_a_surplus_label_are_found_among_several() -> None:
    rng = np.random.default_rng(3)
    true = rng.random((200, 3)) < 0.4
    true[~true.any(axis=1), 0] = True
    embeddings = (true @ (np.eye(3, 16) * 6) + rng.normal(size=(200, 16))).astype(np.float32)
    lacks = int(np.flatnonzero(true.all(axis=1))[0])
    has_too_many = int(np.flatnonzero(~true[:, 1] & true[:, 0])[0])
    given = true.copy()
    given[lacks, 2] = False
    given[has_too_many, 1] = True
    samples = [
        sample(f"{row:04}", *(LABELS[c] for c in np.flatnonzero(columns)))
        for row, columns in enumerate(given)
    ]

    review = review_embeddings(dataset_of(samples), embeddings)

    first = {int(one.path): one.suggested for one in review.suspects[:3]}
    for row in (lacks, has_too_many):
        assert first[row] == tuple(LABELS[column] for column in np.flatnonzero(true[row]))


def test_a_class_of_one_group_is_not_judged_and_a_class_of_few_is_named() -> None:
    embeddings, truth = blobs(60)
    samples = [
        sample(f"{row:04}", LABELS[target], group={1: "only", 2: f"{row % 2}"}.get(int(target)))
        for row, target in enumerate(truth)
    ]

    review = review_embeddings(dataset_of(samples), embeddings)

    assert review.judged == ("a", "c")
    assert {one.given for one in review.suspects} == {("a",), ("c",)}
    assert "one group: 'b'" in review.notes[0]
    assert "fewer than 5 groups of pictures each: 'c'" in review.notes[1]


def test_with_nothing_to_compare_with_the_reason_is_said() -> None:
    embeddings, truth = blobs(12)
    one_group = [sample(f"{row}", LABELS[target], group="g") for row, target in enumerate(truth)]

    with pytest.raises(DatasetError, match="only none can be"):
        review_embeddings(dataset_of(one_group), embeddings)


def test_one_unit_in_all_cannot_be_folded() -> None:
    with pytest.raises(DatasetError, match="belong to one group"):
        list(unit_folds(np.array([0, 1]), np.array([4, 4]), 5, seed=0))


def test_one_fold_is_refused() -> None:
    with pytest.raises(InputError, match="folds is 1"):
        list(unit_folds(np.array([0, 1]), np.array([0, 1]), 1, seed=0))


def test_an_embedding_that_is_not_finite_is_named() -> None:
    embeddings, truth = blobs(12)
    embeddings[7, 3] = np.nan

    with pytest.raises(DatasetError, match="picture 7 is not finite"):
        out_of_sample_probabilities(embeddings, truth, np.arange(12))


def test_only_as_many_suspects_are_made_as_are_asked_for() -> None:
    embeddings, truth = blobs(30)
    probabilities = out_of_sample_probabilities(embeddings, truth, np.arange(30))

    assert len(find_label_errors(probabilities, truth, LABELS, single(truth), most=4)) == 4
