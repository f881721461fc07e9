import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from quadrants import draw_quadrants, quick
from sightline.dataset import Dataset, preprocess_samples
from sightline.errors import DatasetError, TrainingError
from sightline.training import EpochRecord, Recipe, Trained, recipe_for, score_network, train
from sightline.training.loop.best import Best
from sightline.training.loop.history import NoProgress
from sightline.training.network.batch_norm import batch_norms
from sightline.training.network.network import build_network
from sightline.training.objective.losses import Objective
from sightline.training.objective.schedule import cosine_with_warmup
from sightline.training.pictures.pictures import Pictures

AUGMENTED = "augmentation=[{ColorJitter: {brightness: 0.2}}]"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_quadrants(tmp_path_factory.mktemp("quadrants"))


def recipe(*overrides: str) -> Recipe:
    return recipe_for(Path("images"), quick(*overrides))


def run(dataset: Dataset, *overrides: str) -> Trained:
    return train(recipe(*overrides), dataset.of_split("train"), dataset.of_split("val"))


def test_a_separable_set_is_learnt_from_scratch(dataset: Dataset) -> None:
    trained = run(dataset, "training.epochs=8", "training.learning_rate=3e-3", AUGMENTED)

    best = trained.history[trained.best_epoch - 1]
    assert best.validation["accuracy"] >= 0.9  # chance is 0.25
    assert trained.history[-1].train_loss < trained.history[0].train_loss


def test_the_network_that_comes_back_is_that_of_the_best_epoch(dataset: Dataset) -> None:
    chosen = recipe("training.epochs=4", "training.learning_rate=3e-3", "evaluation.best_metric=loss")
    val = dataset.of_split("val")

    trained = train(chosen, dataset.of_split("train"), val)

    pixels = preprocess_samples(val, chosen.preprocessing())
    ids = [sample.path for sample in val.samples]
    scores = score_network(trained.network, pixels, val.targets(), ids, val.labels, batch_size=7)
    likelihood = torch.nn.functional.cross_entropy(torch.tensor(scores.logits), torch.tensor(scores.targets))
    losses = [record.validation["loss"] for record in trained.history]
    assert not trained.network.training
    assert losses[trained.best_epoch - 1] == min(losses)
    assert float(likelihood) == pytest.approx(min(losses), abs=1e-4)


def test_two_runs_with_one_seed_give_identical_weights_and_another_seed_does_not(dataset: Dataset) -> None:
    options = (AUGMENTED, "training.freeze_backbone_epochs=1", "model.dropout=0.3")

    first, again = (run(dataset, *options, f"data.num_workers={workers}") for workers in (1, 3))
    other = run(dataset, *options, "seed=5")

    one, two = first.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["backbone.fc.weight"], other.network.state_dict()["backbone.fc.weight"])


def test_a_frozen_backbone_and_its_batch_norm_statistics_stay_bit_for_bit(dataset: Dataset) -> None:
    options = ("training.epochs=3", "training.freeze_backbone_epochs=3")
    before = build_network(recipe(*options), 4).state_dict()

    after = run(dataset, *options)

    changed = {
        name for name, value in after.network.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == {"backbone.fc.weight", "backbone.fc.bias"}
    assert [record.phase for record in after.history] == ["frozen"] * 3


@pytest.mark.parametrize("pretrained, moves", [(True, False), (False, True)])
def test_batch_norm_statistics_move_in_fine_tuning_only_from_scratch(
    dataset: Dataset, tmp_path: Path, pretrained: bool, moves: bool
) -> None:
    import safetensors.torch

    start = build_network(recipe(), 4)
    safetensors.torch.save_file(start.backbone.state_dict(), tmp_path / "start.safetensors")
    source = tmp_path / "start.safetensors" if pretrained else "false"

    # With a linear head the probe, before any step, might be the best epoch.
    strategy = ("training.strategy=two_phase", "model.head=mlp") if pretrained else ()
    after = run(dataset, f"model.pretrained={source}", "training.epochs=1", *strategy)

    means = [
        torch.equal(new.running_mean, old.running_mean)
        for new, old in zip(batch_norms(after.network), batch_norms(start), strict=True)
    ]
    assert not any(means) if moves else all(means)
    assert not torch.equal(after.network.backbone.conv1[0].weight, start.backbone.conv1[0].weight)


def test_learning_rates_follow_the_phases(dataset: Dataset) -> None:
    history = run(
        dataset,
        "training.epochs=4",
        "training.freeze_backbone_epochs=2",
        "training.learning_rate=1e-2",
        "training.backbone_lr_multiplier=0.1",
    ).history

    assert [record.phase for record in history] == ["frozen", "frozen", "fine_tuning", "fine_tuning"]
    assert [record.epoch for record in history] == [1, 2, 3, 4]
    assert [record.backbone_learning_rate for record in history[:2]] == [0, 0]
    assert history[2].backbone_learning_rate == pytest.approx(history[2].head_learning_rate / 10)
    assert 0 < history[3].head_learning_rate < history[2].head_learning_rate <= 1e-2


def test_the_rate_rises_evenly_and_then_falls_along_a_cosine() -> None:
    rates = [cosine_with_warmup(step, warmup_steps=3, total_steps=11) for step in range(11)]

    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[7] == pytest.approx(0.5)
    assert 0 < rates[10] < 0.05


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_files(dataset: Dataset) -> None:
    with pytest.raises(TrainingError, match=r"The loss became (nan|inf) in epoch \d") as caught:
        run(dataset, "training.learning_rate=1e30", "training.gradient_clip=null", "training.epochs=3")

    assert len(re.findall(r"'train/[a-z-]+/\d\d\.png'", str(caught.value))) == 16


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_unsound_is_noticed_before_a_weight_moves(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    stepped: list[object] = []
    monkeypatch.setattr("torch.optim.AdamW.step", lambda *_: stepped.append(1))
    if what == "loss":
        monkeypatch.setattr(Objective, "__call__", lambda _, logits, __: logits.sum(1) * float("nan"))
    else:
        unsound = torch.tensor(float("inf"))
        monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", lambda *_: unsound)

    with pytest.raises(TrainingError, match=rf"The {what} became (nan|inf) in epoch 1\. .*'train/"):
        run(dataset)

    assert stepped == []


def test_a_step_reads_no_number_by_itself_for_a_gpu_would_be_waited_for(dataset: Dataset) -> None:
    reads, at_step = 0, []

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal reads
            reads += func is torch.ops.aten._local_scalar_dense.default
            return func(*args, **(kwargs or {}))

    class Listener(NoProgress):
        def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
            at_step.append(reads)

    chosen = recipe("training.epochs=1", AUGMENTED)
    with Counting():
        train(chosen, dataset.of_split("train"), dataset.of_split("val"), progress=Listener())

    assert len(at_step) == 3
    assert len(set(at_step)) == 1


def test_a_run_whose_pictures_a_device_finishes_gives_the_weights_of_one_by_threads(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_threads = run(dataset, AUGMENTED).network.state_dict()
    monkeypatch.setattr(
        "sightline.training.loop.fit.Pictures",
        lambda dataset, recipe, _: Pictures(dataset, recipe, torch.device("cpu")),
    )

    by_device = run(dataset, AUGMENTED).network.state_dict()

    assert all(torch.equal(by_threads[name], by_device[name]) for name in by_threads)


def test_progress_is_told_of_every_image_step_and_epoch(dataset: Dataset) -> None:
    told: list[tuple[object, ...]] = []

    class Listener(NoProgress):
        def on_embed(self, done: int, total: int) -> None:
            told.append(("embed", done, total))

        def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
            told.append(("step", epoch, step, steps))

        def on_epoch(self, record: EpochRecord) -> None:
            told.append(("epoch", record.epoch))

    chosen = recipe("training.freeze_backbone_epochs=1")
    train(chosen, dataset.of_split("train"), dataset.of_split("val"), progress=Listener())

    embedded = [("embed", 16, 48), ("embed", 32, 48), ("embed", 48, 48)]
    epochs = [[*(("step", epoch, step, 3) for step in (1, 2, 3)), ("epoch", epoch)] for epoch in (1, 2)]
    assert told == [*embedded, *epochs[0], *epochs[1]]


def record(epoch: int, f1: float) -> EpochRecord:
    return EpochRecord(
        phase="fine_tuning",
        epoch=epoch,
        train_loss=1.0,
        validation={"f1_macro": f1, "loss": -f1},
        head_learning_rate=1e-3,
        backbone_learning_rate=1e-3,
        seconds=1.0,
        images_per_s=1.0,
    )


@pytest.mark.parametrize("metric", ["f1_macro", "loss"])
def test_patience_is_over_after_so_many_epochs_without_a_better_one(metric: str) -> None:
    best = Best(recipe(f"evaluation.best_metric={metric}", "evaluation.early_stopping_patience=2"))
    network = build_network(recipe(), 2)

    over = []
    for epoch, f1 in enumerate([0.5, 0.6, 0.6, 0.7, 0.1, 0.2], start=1):
        best.offer(record(epoch, f1), network)
        over.append(best.patience_is_over)

    assert over == [False, False, False, False, False, True]
    assert best.epoch == 4


def test_the_best_weights_come_back_whatever_was_learnt_after_them() -> None:
    best = Best(recipe("evaluation.best_metric=f1_macro"))
    network = build_network(recipe(), 2)
    good = network.head.weight.detach().clone()

    best.offer(record(1, 0.9), network)
    with torch.no_grad():
        network.head.weight.zero_()
    best.offer(record(2, 0.4), network)
    best.restore(network)

    assert torch.equal(network.head.weight, good)


def test_training_stops_early_when_nothing_gets_better(dataset: Dataset) -> None:
    trained = run(
        dataset,
        "training.learning_rate=1e-12",
        "training.epochs=9",
        "evaluation.early_stopping_patience=2",
        "evaluation.best_metric=accuracy",
        "model.pretrained=false",
        "training.freeze_backbone_epochs=0",
    )

    assert len(trained.history) < 9
    assert len(trained.history) == trained.best_epoch + 2


@pytest.mark.parametrize(
    "overrides, says",
    [(["model.num_classes=3"], "model.num_classes is 3, but the data has 4 classes: bottom-left")],
)
def test_data_that_does_not_fit_the_recipe_is_refused(
    dataset: Dataset, overrides: Sequence[str], says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        run(dataset, *overrides)


def test_an_empty_validation_set_is_refused(dataset: Dataset) -> None:
    with pytest.raises(TrainingError, match="validation set is empty"):
        train(recipe(), dataset.of_split("train"), dataset.of_split("test"))


def test_an_empty_training_set_is_refused(dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match="Classes without a usable picture"):
        train(recipe(), dataset.of_split("test"), dataset.of_split("val"))


def test_scores_keep_the_order_of_the_pixels_whatever_the_batch_size(dataset: Dataset) -> None:
    val = dataset.of_split("val")
    network = build_network(recipe(), 4)
    pixels = preprocess_samples(val, recipe().preprocessing())
    ids = [sample.path for sample in val.samples]

    small, large = (
        score_network(network, pixels, val.targets(), ids, val.labels, batch_size=size) for size in (5, 100)
    )

    np.testing.assert_allclose(small.logits, large.logits, atol=1e-5)
    assert small.logits.shape == (24, 4)
    assert small.embeddings.shape == (24, 512)
    assert small.ids == tuple(ids)
