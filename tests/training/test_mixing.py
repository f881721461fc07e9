from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from sightline.training import recipe_for
from sightline.training.pictures.mixing import Box, Mixing, cut_box, cut_mix, mix_targets, mix_up


def mixing(steps: str, seed: int = 0) -> Mixing | None:
    return Mixing.of(recipe_for(Path("images"), [f"augmentation=[{steps}]", f"seed={seed}"]))


def batch(count: int = 6) -> tuple[Tensor, Tensor]:
    random = np.random.default_rng(1)
    images = torch.from_numpy(random.integers(0, 256, (count, 20, 30, 3), dtype=np.uint8))
    return images, torch.from_numpy(random.random((count, 4), dtype=np.float32))


def of_torchvision(transform: Any, params: dict[str, Any], images: Tensor, targets: Tensor) -> Any:
    nchw = images.permute(0, 3, 1, 2).float()
    params = {**params, "labels": targets, "batch_size": len(images)}
    mixed = transform.transform(nchw, params).permute(0, 2, 3, 1)
    return mixed, transform.transform(targets, params)


def test_mix_up_is_torchvision_s_rounded() -> None:
    images, targets = batch()

    mixed, labels = of_torchvision(v2.MixUp(num_classes=4), {"lam": 0.3}, images, targets)

    assert (mix_up(images, 0.3) - mixed).abs().max() < 0.5 + 1e-4
    assert torch.allclose(mix_targets(targets, 0.3), labels)


def test_cut_mix_is_torchvision_s_with_targets_by_the_exact_area() -> None:
    images, targets = batch()
    box = cut_box(0.6, x=28, y=4, width=30, height=20)
    kept = box.kept_share(30, 20)

    params = {"box": (box.left, box.top, box.right, box.bottom), "lam_adjusted": kept}
    mixed, labels = of_torchvision(v2.CutMix(num_classes=4), params, images, targets)

    assert box == Box(left=19, top=0, right=30, bottom=10)
    assert kept == pytest.approx(1 - 11 * 10 / 600)
    assert torch.equal(cut_mix(images, box), mixed.to(torch.uint8))
    assert torch.allclose(mix_targets(targets, kept), labels)


@pytest.mark.parametrize("steps", ["{MixUp: {}}", "{CutMix: {}}", "{MixUp: {}}, {CutMix: {}}"])
def test_mixing_follows_from_seed_epoch_and_step(steps: str) -> None:
    images, targets = batch()
    mix = mixing(steps)
    assert mix is not None

    first, again = mix(images, targets, 2, 7), mix(images, targets, 2, 7)

    assert all(map(torch.equal, first, again))
    others = [mix(images, targets, 2, 8), mix(images, targets, 3, 7)]
    assert not any(torch.equal(first[1], other[1]) for other in others)


def test_the_given_tensors_are_left_alone_and_the_targets_keep_their_sums() -> None:
    (images, targets), mix = batch(), mixing("{MixUp: {alpha: 1.0}}")
    assert mix is not None

    mixed, labels = mix(images, targets, 1, 0)

    assert all(map(torch.equal, (images, targets), batch()))
    assert (mixed.dtype, labels.dtype) == (torch.uint8, torch.float32)
    assert labels.sum() == pytest.approx(float(targets.sum()), rel=1e-5)


def test_with_both_each_batch_draws_one_of_them() -> None:
    (images, targets), mix = batch(), mixing("{MixUp: {alpha: 1.0}}, {CutMix: {}}")
    assert mix is not None

    cut = [
        bool(((mixed == images) | (mixed == images.roll(1, 0))).all())
        for mixed, _ in (mix(images, targets, 1, step) for step in range(200))
    ]

    assert 70 < sum(cut) < 130


def test_shares_of_mix_up_are_drawn_from_beta() -> None:
    mix = mixing("{MixUp: {alpha: 0.4}}")
    assert mix is not None
    images = torch.zeros((2, 1, 1, 3), dtype=torch.uint8)

    shares = [float(mix(images, torch.eye(2), 1, step)[1][0, 0]) for step in range(1500)]

    # Mean 1/2 and variance 1 / (4 (2 α + 1)) of Beta(α, α).
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)
    assert np.var(shares) == pytest.approx(1 / (4 * 1.8), rel=0.08)


def test_without_a_mixture_there_is_none() -> None:
    assert mixing("{ColorJitter: {}}") is None
