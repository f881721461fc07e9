from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.training import recipe_for
from sightline.training.objective.imbalance import (
    ImbalanceChoice,
    choose_imbalance,
    probe_weights,
)
from sightline.training.objective.order import epoch_order

COUNTS = np.array([900, 90, 10])
NAMES = ("free", "blowhole", "fray")


def chosen(*overrides: str, counts: NDArray[np.int64] = COUNTS, total: int = 1000) -> ImbalanceChoice:
    return choose_imbalance(recipe_for(Path("images"), overrides), counts, NAMES, total)


def one_hot(counts: NDArray[np.int64] = COUNTS) -> NDArray[np.float32]:
    return np.eye(len(counts), dtype=np.float32)[np.repeat(np.arange(len(counts)), counts)]


def test_auto_does_nothing_about_classes_of_like_size() -> None:
    choice = chosen(counts=np.array([29, 20, 10]), total=59)

    assert choice.method == "none"
    assert choice.class_weights is choice.sampling_weights is None
    assert choice.reason == (
        "'free' has 29 images and 'fray' 10, 2.9 times as many: none, all images count the same."
    )


@pytest.mark.parametrize(
    "counts, said",
    [
        ([20, 20, 20], "every class has 20 images: none, "),
        ([101, 100, 100], "'free' has 101 images and 'blowhole' 100, about as many: none, "),
    ],
)
def test_classes_of_one_size_are_not_compared(counts: list[int], said: str) -> None:
    assert chosen(counts=np.array(counts), total=sum(counts)).reason.startswith(said)


@pytest.mark.parametrize("task, method", [("multiclass", "sqrt_sampling"), ("multilabel", "class_weights")])
def test_auto_acts_from_three_times_as_many_on_and_says_why(task: str, method: str) -> None:
    choice = chosen(f"task={task}", counts=np.array([952, 100, 32]), total=1084)

    assert choice.method == method
    assert choice.reason.startswith(f"'free' has 952 images and 'fray' 32, 30 times as many: {method}, ")
    assert chosen(f"task={task}", counts=np.array([30, 20, 10]), total=60).method == method


def test_what_the_recipe_names_is_done_whatever_the_counts() -> None:
    choice = chosen("imbalance=none")

    assert choice.method == "none"
    assert choice.reason.endswith("none, as the recipe says.")


def test_class_weights_are_inverse_frequencies_with_a_mean_of_1_over_the_images() -> None:
    weights = chosen("imbalance=class_weights").class_weights

    assert weights == pytest.approx([1000 / (3 * 900), 1000 / (3 * 90), 1000 / (3 * 10)])
    assert np.average(weights, weights=COUNTS) == pytest.approx(1)


def test_effective_numbers_are_those_of_the_paper() -> None:
    weights = chosen("imbalance=effective_number", "loss.effective_number_beta=0.99").class_weights

    raw = np.array([0.01 / (1 - 0.99**900), 0.01 / (1 - 0.99**90), 0.01 / (1 - 0.99**10)])
    assert weights == pytest.approx(raw * 1000 / (raw @ COUNTS))


def test_beta_0_is_no_weighing_and_beta_near_1_is_inverse_frequency() -> None:
    none = chosen("imbalance=effective_number", "loss.effective_number_beta=0").class_weights
    nearly = chosen("imbalance=effective_number", "loss.effective_number_beta=0.9999999").class_weights

    assert none == pytest.approx([1, 1, 1])
    assert nearly == pytest.approx(chosen("imbalance=class_weights").class_weights, rel=1e-3)


@pytest.mark.parametrize("method", ["class_weights", "effective_number"])
def test_labels_weigh_by_how_many_images_are_without_them_up_to_20(method: str) -> None:
    choice = chosen(
        "task=multilabel", f"imbalance={method}", "loss.effective_number_beta=0.9999999", total=1000
    )

    assert choice.class_weights == pytest.approx([1 / 9, 910 / 90, 20], rel=1e-3)
    assert choice.class_priors == pytest.approx([0.9, 0.09, 0.01])


def test_a_label_of_all_images_and_one_of_none_keep_finite_weights() -> None:
    choice = chosen("task=multilabel", "imbalance=class_weights", counts=np.array([50, 20, 0]), total=50)

    assert choice.class_weights == pytest.approx([1 / 20, 30 / 20, 20])
    assert min(choice.class_priors) > 0


def test_priors_are_the_shares_of_the_classes() -> None:
    assert chosen().class_priors == pytest.approx([0.9, 0.09, 0.01])


@pytest.mark.parametrize(
    "method, shares", [("balanced_sampling", [1, 1, 1]), ("sqrt_sampling", [30, 90**0.5, 10**0.5])]
)
def test_an_epoch_shows_the_classes_in_the_shares_of_the_sampling(method: str, shares: list[float]) -> None:
    targets = one_hot()
    weights = probe_weights(chosen(f"imbalance={method}"), targets)

    shown = targets[epoch_order(weights, 1000, seed=0, epoch=1)].sum(0)

    np.testing.assert_allclose(shown, 1000 * np.array(shares) / sum(shares), atol=1.01)


def test_sampling_leaves_out_other_images_of_a_large_class_in_each_epoch() -> None:
    weights = probe_weights(chosen("imbalance=balanced_sampling"), one_hot())

    first, second = (set(epoch_order(weights, 1000, seed=0, epoch=epoch)) for epoch in (1, 2))

    large = set(range(900))
    assert 330 <= len(first & large) <= 335
    assert 90 <= len(first & second & large) <= 160  # 123 if they are independent
    assert first - large == second - large == set(range(900, 1000))


def test_the_classes_of_a_sampled_epoch_are_mixed() -> None:
    targets = one_hot()
    weights = probe_weights(chosen("imbalance=balanced_sampling"), targets)

    first_half = targets[epoch_order(weights, 1000, seed=0, epoch=1)[:500]].sum(0)

    np.testing.assert_allclose(first_half, 500 / 3, atol=40)


def test_an_order_belongs_to_seed_and_epoch() -> None:
    weights = np.arange(1.0, 51.0)

    for given in (None, weights):
        orders = [
            epoch_order(given, 50, seed, epoch).tolist() for seed, epoch in ((3, 1), (3, 1), (3, 2), (4, 1))
        ]

        assert orders[0] == orders[1]
        assert orders[0] != orders[2] != orders[3] != orders[0]


def test_without_weights_each_image_comes_once_in_the_order_of_earlier_runs() -> None:
    order = epoch_order(None, 40, seed=5, epoch=2)

    assert order.tolist() == np.random.default_rng([5, 2]).permutation(40).tolist()
    assert order.dtype == np.int64


def test_each_image_is_drawn_as_often_as_expected_give_or_take_one_and_never_at_weight_0() -> None:
    weights = np.array([0.0, 1.0, 2.5, 0.0, 4.0, 0.5, 2.0])

    for epoch in range(200):
        times = np.bincount(epoch_order(weights, 7, seed=1, epoch=epoch), minlength=7)

        assert np.abs(times - 0.7 * weights).max() < 1
        assert times[0] == times[3] == 0


@pytest.mark.parametrize("method", ["balanced_sampling", "sqrt_sampling"])
def test_a_solver_that_draws_nothing_weighs_as_often_as_a_run_draws(method: str) -> None:
    choice = chosen(f"imbalance={method}")
    targets = one_hot()

    weights = probe_weights(choice, targets)

    by_class = np.array(choice.sampling_weights)
    assert weights.mean() == pytest.approx(1)
    assert (weights @ targets) / 1000 == pytest.approx(by_class * COUNTS / (by_class @ COUNTS))


@pytest.mark.parametrize("method", ["none", "class_weights", "effective_number", "logit_adjustment"])
def test_a_solver_s_weights_are_1_where_the_objective_does_it_all(method: str) -> None:
    assert probe_weights(chosen(f"imbalance={method}"), one_hot()).tolist() == [1.0] * 1000
