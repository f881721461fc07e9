"""A bundle that gets a new decision goes on rejecting what it rejected."""

import numpy as np

from bundles import LABELS, make_bundle, outlier_rule
from pictures import encode, gradient
from sightline.dataset import read_dataset
from sightline.inference import load, verify_bundle
from sightline.lifecycle.calibrate import calibrate_bundle
from sightline.lifecycle.decision import wishes_for
from sightline.training.recipe.sections import DecisionSection

BLACK = encode(np.zeros((40, 40, 3), np.uint8))


def test_a_new_decision_keeps_scores_thresholds_and_golden_strangers(tmp_path):
    for index in range(30):
        picture = tmp_path / "data" / LABELS[index % 3] / f"{index}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(encode(gradient(40 + index, 50)))
    predictor = load(make_bundle(tmp_path / "old", outliers=outlier_rule()))
    section = DecisionSection()
    wishes = wishes_for(section, LABELS, "multiclass")

    calibrate_bundle(predictor, read_dataset(tmp_path / "data"), section, wishes, tmp_path / "new")

    made = load(tmp_path / "new")
    assert made.bundle.manifest.decision.outliers == predictor.bundle.manifest.decision.outliers
    assert made.predict(BLACK).decision == "reject"
    assert made.predict(BLACK).outlier_score == predictor.predict(BLACK).outlier_score
    assert {check.outcome for check in verify_bundle(tmp_path / "new")} == {"passed"}
