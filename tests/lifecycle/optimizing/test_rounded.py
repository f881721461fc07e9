"""Candidates of eight bits that have learnt to be rounded."""

import numpy as np
import pytest

from quadrants import draw_quadrants, quick
from sightline.bundle import read_bundle
from sightline.dataset import read_dataset
from sightline.errors import InputError
from sightline.lifecycle.build import build_bundle
from sightline.training import recipe_for

pytest.importorskip("torch")

from sightline.lifecycle.optimizing.material import gather
from sightline.lifecycle.optimizing.rounded import rounded, rounded_recipe
from sightline.lifecycle.optimizing.smaller import recipe_of


class Quiet:
    def stage(self, title):
        pass

    def progress(self, done, total):
        pass

    def note(self, text):
        pass


def listen(_title):
    return lambda _done, _total: None


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Of several labels; those with one are learnt in tests/training/test_rounded.py."""
    root = tmp_path_factory.mktemp("line")
    draw_quadrants(root / "data", train=16, val=10)
    overrides = ["model.backbone=test_resnet", "training.epochs=10", "training.learning_rate=1e-2"]
    recipe = recipe_for(root / "data", quick("task=multilabel", *overrides))
    return build_bundle(recipe, root / "line", listener=Quiet())


def test_its_candidates_answer_as_the_reference_and_keep_the_contract(built):
    bundle = read_bundle(built.path)
    material = gather(bundle, read_dataset(built.path.parent / "data"), listen)

    candidates = rounded(bundle, built.run)(bundle, material, listen)

    assert {one.name for one in candidates} == {"ort-int8-qat", "ov-int8-qat"}
    assert {one.file for one in candidates} == {"model.int8.qat.onnx"}
    assert "3 epochs of fine-tuning" in candidates[0].how
    truth = material.gate.dataset.multi_hot(bundle.manifest.labels)
    for one in candidates:
        engine = one.open(1)
        logits, embedding, feature_map = engine.run(
            material.gate.pixels[:2], ["logits", "embedding", "feature_map"]
        )
        assert (logits.shape, embedding.shape[0], feature_map.ndim) == ((2, 4), 2, 4)
        rows = [engine.run(picture[None], ["logits"])[0][0] for picture in material.gate.pixels]
        assert (np.argmax(rows, axis=1) == truth.argmax(axis=1)).mean() > 0.9


def test_the_recipe_is_the_bundles_own_but_for_how_it_is_learnt(built):
    bundle = read_bundle(built.path)
    own, changed = recipe_of(bundle), rounded_recipe(bundle, built.run)

    assert changed.augmentation == own.augmentation
    assert (changed.loss, changed.imbalance) == (own.loss, own.imbalance)
    assert changed.training.teacher == str(built.path)
    assert changed.learning_rate == pytest.approx(0.03 * own.backbone_learning_rate)
    assert changed.backbone_learning_rate == changed.learning_rate


def test_a_bundle_that_stands_beside_it_gets_none(built, bundle):
    make = rounded(read_bundle(built.path), built.run)

    assert make(read_bundle(bundle), None, listen) == []


def test_the_weights_of_the_run_are_asked_for(built, tmp_path):
    with pytest.raises(InputError, match=r"is not there, and fine-tuning with eight bits begins .* --run"):
        rounded(read_bundle(built.path), tmp_path / "nowhere")
