from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bundles import make_bundle
from sightline.errors import TrainingError
from sightline.inference import load
from sightline.training import recipe_for
from sightline.training.loop.teacher import Teacher


def teacher(bundle: Path, labels: Sequence[str]) -> Teacher | None:
    return Teacher.open(recipe_for("images", (f"training.teacher={bundle}",)), labels)


def test_a_teacher_answers_in_the_order_of_the_students_labels(bundle: Path) -> None:
    import torch

    predictor = load(bundle)
    spec, labels = predictor.bundle.manifest.preprocessing, predictor.bundle.manifest.labels
    pixels = np.random.default_rng(0).integers(0, 256, (3, spec.height_px, spec.width_px, 3), dtype=np.uint8)
    (expected,) = predictor.engine.run(pixels, ["logits"])

    turned = teacher(bundle, labels[::-1])

    assert turned is not None
    np.testing.assert_allclose(turned.logits(torch.from_numpy(pixels)).numpy(), expected[:, ::-1], atol=1e-6)


def test_pictures_of_another_size_are_resized_for_the_teacher(bundle: Path) -> None:
    import torch

    labels = load(bundle).bundle.manifest.labels
    taught = teacher(bundle, labels)

    assert taught is not None
    assert taught.logits(torch.zeros((2, 40, 56, 3), dtype=torch.uint8)).shape == (2, len(labels))


def test_a_teacher_of_other_labels_is_refused(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "taught")

    with pytest.raises(TrainingError, match="Both need the same"):
        teacher(bundle, ("one", "two"))


def test_no_teacher_is_no_teacher() -> None:
    assert Teacher.open(recipe_for("images"), ("one", "two")) is None
