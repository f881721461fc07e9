"""Explanations: their sums against the closed form, their places against squares that were planted."""

import numpy as np
import pytest
from PIL import Image

from brightness import brightness_bundle
from bundles import CHANNELS, LABELS, SIDE, make_bundle, tiny_head
from pictures import encode, exif_orientation, gradient
from sightline.errors import ImageDamaged, InputError
from sightline.images import preprocess_image
from sightline.images.orientation import turn_upright
from sightline.inference import Explainer, explain, load, open_explainer
from sightline.records import DecisionRule

NOISE = np.random.default_rng(5).integers(0, 256, (40, 70, 3), dtype=np.uint8)


def test_contributions_add_up_to_the_score(bundle):
    found = explain(load(bundle), encode(NOISE), "hole", method="class_activation")

    predictor = load(bundle)
    pixels = preprocess_image(encode(NOISE), predictor.bundle.manifest.preprocessing)
    (logits,) = predictor.engine.run(pixels[np.newaxis], ["logits"])
    assert found.method == "class_activation"
    assert found.exact
    assert found.score == pytest.approx(logits[0, LABELS.index("hole")] - logits[0].mean(), abs=1e-5)
    assert found.contributions.mean() + found.rest == pytest.approx(found.score, abs=1e-4)


def test_contributions_are_the_head_on_each_cell(bundle):
    predictor = load(bundle)

    found = explain(predictor, encode(NOISE), "crack", method="class_activation")

    pixels = preprocess_image(encode(NOISE), predictor.bundle.manifest.preprocessing)
    (features,) = predictor.engine.run(pixels[np.newaxis], ["feature_map"])
    weight = tiny_head().weight
    by_hand = np.tensordot(weight[0] - weight.mean(axis=0), features[0], 1)
    assert found.contributions == pytest.approx(by_hand, abs=1e-3)


def test_of_several_labels_the_logit_itself_is_explained(tmp_path):
    rule = DecisionRule(activation="sigmoid", label_thresholds=(0.5, 0.5, 0.5))
    predictor = load(make_bundle(tmp_path / "several", decision=rule))

    found = explain(predictor, encode(NOISE), "good", method="class_activation")

    pixels = preprocess_image(encode(NOISE), predictor.bundle.manifest.preprocessing)
    (logits,) = predictor.engine.run(pixels[np.newaxis], ["logits"])
    assert found.score == pytest.approx(float(logits[0, 1]), abs=1e-5)
    assert found.contributions.mean() + found.rest == pytest.approx(found.score, abs=1e-4)


def test_a_head_that_is_not_that_of_the_graph_is_not_called_exact(bundle):
    predictor = load(bundle)
    head = tiny_head()
    other = type(head)(head.weight * 1.5, head.bias)

    assert open_explainer(predictor).explain(encode(NOISE), method="class_activation").exact
    assert not Explainer(predictor, other).explain(encode(NOISE), method="class_activation").exact


def test_the_same_number_added_to_every_logit_changes_no_map(bundle):
    predictor = load(bundle)
    head = tiny_head()
    shifted = type(head)(head.weight + np.linspace(-2, 2, CHANNELS, dtype=np.float32), head.bias + 3)

    one = Explainer(predictor, head).explain(encode(NOISE), "crack", method="class_activation")
    other = Explainer(predictor, shifted).explain(encode(NOISE), "crack", method="class_activation")

    assert other.heat == pytest.approx(one.heat, abs=1e-4)


def test_the_answer_is_that_of_predict(bundle):
    predictor = load(bundle)

    found = explain(predictor, encode(NOISE))

    alone = predictor.predict(encode(NOISE))
    assert (found.prediction.label, found.prediction.probability) == (alone.label, alone.probability)
    assert found.prediction.candidates == alone.candidates
    assert (found.label, found.probability) == (alone.label, alone.probability)


def test_every_label_can_be_explained_with_its_own_probability(bundle):
    explainer = open_explainer(load(bundle))

    found = [explainer.explain(encode(NOISE), label, top_k=1) for label in LABELS]

    assert sum(one.probability for one in found) == pytest.approx(1)
    assert {len(one.prediction.candidates) for one in found} == {1}


def test_heat_is_between_none_and_one_and_reaches_it(bundle):
    found = explain(load(bundle), encode(NOISE))

    assert found.heat.shape == (SIDE, SIDE)
    assert found.heat.dtype == np.float32
    assert (found.heat.min(), found.heat.max()) == (0, 1)


def test_without_a_head_random_masks_explain(bundle):
    found = Explainer(load(bundle), None).explain(encode(NOISE))

    assert (found.method, found.exact, found.runs) == ("rise", False, 129)


def test_random_masks_are_the_same_each_time(bundle):
    explainer = open_explainer(load(bundle))

    one, other = (explainer.explain(encode(NOISE), method="rise") for _ in range(2))

    assert np.array_equal(one.heat, other.heat)


@pytest.mark.parametrize(
    "row, column", [(8, 8), (56, 8), (24, 40), (40, 56)], ids=lambda place: f"at {place}"
)
@pytest.mark.parametrize("method", ["class_activation", "rise"])
def test_each_method_finds_the_bright_square(tmp_path, row, column, method):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[row - 8 : row + 8, column - 8 : column + 8] = 255
    explainer = open_explainer(load(brightness_bundle(tmp_path / "b", crop=1.0)))

    found = explainer.explain(encode(pixels), "bright", method=method)

    assert found.exact == (method == "class_activation")
    assert found.peak == pytest.approx((column, row), abs=8)  # in the square


def test_moved_pictures_place_a_square_between_cells(tmp_path):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[24:40, 24:40] = 255  # a quarter of it in each of the four middle cells
    explainer = open_explainer(load(brightness_bundle(tmp_path / "b", cells=2, crop=1.0)))

    found = explainer.explain(encode(pixels), "bright", method="class_activation")

    assert found.runs == 16
    assert found.peak == pytest.approx((32, 32), abs=4.5)


def test_where_nothing_speaks_for_a_label_there_is_no_peak(tmp_path):
    black = encode(np.zeros((32, 32, 3), np.uint8))

    found = explain(load(brightness_bundle(tmp_path / "b")), black, "bright")

    assert found.peak is None
    assert found.heat.max() == 0


def planted(width, height, x, y):
    """A dark picture with a bright square of a tenth of its shorter side around a place."""
    pixels = np.zeros((height, width, 3), np.uint8)
    half = min(width, height) // 20
    pixels[y - half : y + half, x - half : x + half] = 255
    return pixels


@pytest.mark.parametrize("resize", ["shortest", "squash", "letterbox"])
@pytest.mark.parametrize(
    "width, height", [(400, 240), (240, 400), (320, 320)], ids=["wide", "tall", "square"]
)
def test_a_planted_square_comes_back_where_it_was_put(tmp_path, resize, width, height):
    path = brightness_bundle(tmp_path / "b", cells=8, resize=resize, crop=1.0, background=(0, 0, 0))
    explainer = open_explainer(load(path))
    x, y = width // 2 + 60, height // 2 - 60
    upright = Image.fromarray(planted(width, height, x, y))

    for mark, undo in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (7, 7), (8, 6)):
        data = encode(turn_upright(upright, undo), "JPEG", quality=95, exif=exif_orientation(mark))
        for method in ("class_activation", "rise"):
            found = explainer.explain(data, "bright", method=method)

            scale = (min if resize == "shortest" else max)(width, height) / 64
            assert (found.width_px, found.height_px) == (width, height)
            assert found.peak == pytest.approx((x, y), abs=6 * scale), f"EXIF {mark}, {method}"
            heat, seen = found.heat_on(width, height)
            assert seen[y, x]
            assert heat[y, x] > 0.3


def test_what_the_crop_leaves_out_is_not_seen(tmp_path):
    path = brightness_bundle(tmp_path / "b", resize="shortest", crop=0.5)

    found = explain(load(path), encode(planted(400, 200, 200, 100)), "bright")

    heat, seen = found.heat_on(400, 200)
    assert found.whereabouts.seen_box == pytest.approx((150, 50, 250, 150))
    assert seen[50:150, 150:250].all()
    assert seen.sum() == 100 * 100
    assert not heat[~seen].any()


def test_the_bars_of_a_letterbox_are_no_place_of_the_picture(tmp_path):
    path = brightness_bundle(tmp_path / "b", resize="letterbox", background=(255, 255, 255))

    found = explain(load(path), encode(planted(400, 100, 300, 50)), "bright")

    _, seen = found.heat_on(400, 100)
    assert seen.all()
    assert 0 <= found.peak[1] <= 100
    assert found.heat.max() == 1


def test_a_large_jpeg_is_explained_in_pixels_of_the_whole(tmp_path):
    path = brightness_bundle(tmp_path / "b", cells=8, resize="squash")
    data = encode(planted(1600, 1200, 1200, 300), "JPEG", quality=95, exif=exif_orientation(1))

    found = explain(load(path), data, "bright")

    assert found.picture.width < 1600
    assert (found.width_px, found.height_px) == (1600, 1200)
    assert found.peak == pytest.approx((1200, 300), abs=100)


def test_an_unknown_label_is_refused_by_name(bundle):
    with pytest.raises(InputError, match="no label 'rust'. It has: crack, good, hole"):
        explain(load(bundle), encode(NOISE), "rust")


def test_class_maps_are_refused_where_they_are_not_exact(bundle):
    with pytest.raises(InputError, match="Use the method rise"):
        Explainer(load(bundle), None).explain(encode(NOISE), method="class_activation")


def test_a_damaged_picture_is_refused_as_without_explanation(bundle):
    with pytest.raises(ImageDamaged, match="cut off"):
        explain(load(bundle), encode(gradient())[:-30])
