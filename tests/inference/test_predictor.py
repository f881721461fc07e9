import re

import numpy as np
import pytest

import sightline
from bundles import LABELS, make_bundle, reseal, tiny_graph
from pictures import encode, gradient
from sightline.bundle import read_bundle
from sightline.errors import BundleCorrupt, ImageDamaged, InputError
from sightline.images import preprocess_image
from sightline.inference import OnnxEngine, decide, load, open_session, predict_files, run_in_batches
from sightline.records import DecisionRule, Temperature


def test_the_package_itself_loads_and_predicts(bundle, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encode(gradient()))

    prediction = sightline.load(bundle).predict(path)

    assert prediction.label in LABELS
    assert prediction.label == prediction.candidates[0].label
    assert prediction.bundle_id == read_bundle(bundle).id
    assert sum(candidate.probability for candidate in prediction.candidates) == pytest.approx(1)


def test_a_prediction_is_pixels_graph_and_rule_in_this_order(bundle):
    predictor = load(bundle)
    data = encode(gradient())
    manifest = predictor.bundle.manifest

    prediction = predictor.predict(data)

    pixels = preprocess_image(data, manifest.preprocessing)
    (logits,) = OnnxEngine(open_session(tiny_graph(), "tiny")).run(pixels[None], ["logits"])
    scaled = np.exp(logits[0].astype(float) / 1.5)
    expected = scaled / scaled.sum()
    assert prediction.label == LABELS[int(expected.argmax())]
    assert prediction.probability == pytest.approx(expected.max(), abs=1e-6)
    assert prediction.timings.decode_ms > 0
    assert prediction.timings.infer_ms > 0


def test_bytes_and_path_give_the_same_answer(bundle, tmp_path):
    (tmp_path / "a.png").write_bytes(encode(gradient()))
    predictor = load(bundle)

    by_path, by_bytes = predictor.predict(tmp_path / "a.png"), predictor.predict(encode(gradient()))

    assert by_path.candidates == by_bytes.candidates
    assert by_path.id != by_bytes.id


def test_a_bad_file_is_a_result_and_the_order_is_kept(bundle, tmp_path):
    paths = []
    for index in range(40):
        paths.append(tmp_path / f"{index:02}.png")
        paths[-1].write_bytes(encode(gradient(20 + index, 30)) if index % 7 else b"no image")
    paths.append(tmp_path / "absent.png")

    outcomes = list(predict_files(load(bundle, threads=1), paths, workers=3))

    assert [outcome.path for outcome in outcomes] == paths
    assert [outcome.prediction is None for outcome in outcomes] == [i % 7 == 0 for i in range(40)] + [True]
    assert isinstance(outcomes[-1].error, InputError)


def test_an_image_that_is_not_taken_raises_its_own_error(bundle):
    with pytest.raises(ImageDamaged, match="empty"):
        load(bundle).predict(b"")


def test_batches_and_single_runs_agree(bundle):
    images = np.random.default_rng(0).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)
    engine = load(bundle).engine
    seen = []

    logits, embeddings = run_in_batches(
        engine, images, batch_size=4, progress=lambda *done: seen.append(done)
    )

    singles = np.concatenate([engine.run(image[None], ["logits"])[0] for image in images])
    assert np.allclose(logits, singles, atol=1e-4)
    assert embeddings.shape == (11, 4)
    assert seen == [(4, 11), (8, 11), (11, 11)]


def test_labels_that_do_not_match_the_graph_are_refused(tmp_path):
    bundle = make_bundle(tmp_path / "b", graph=tiny_graph(classes=5))

    with pytest.raises(BundleCorrupt, match=r"lists 3 labels but 'model\.onnx' outputs 5"):
        load(bundle)


def test_a_graph_of_another_input_size_is_refused(tmp_path):
    bundle = make_bundle(tmp_path / "b", graph=tiny_graph(side=64))

    with pytest.raises(BundleCorrupt, match=r"'images' of the graph 'model\.onnx'"):
        load(bundle)


def test_a_graph_that_is_none_is_refused(bundle, tmp_path):
    with pytest.raises(BundleCorrupt, match="no graph that ONNX Runtime takes"):
        load(reseal(bundle, tmp_path / "b", {"model.onnx": b"not a graph"}))


@pytest.mark.parametrize(
    "thresholds, verdict, reason",
    [
        (None, "accept", "No operating point"),
        ((0.9, 0.5, 0.5), "review", r"0\.7000 is below the threshold 0\.9000 of 'crack'"),
        ((0.7, 0.5, 0.5), "accept", "reaches the threshold"),
        ((0.2, 0.99, 0.99), "accept", "reaches the threshold"),
    ],
)
def test_the_threshold_of_the_predicted_class_decides(thresholds, verdict, reason):
    answer = decide(np.array([0.7, 0.2, 0.1]), DecisionRule(accept_thresholds=thresholds), LABELS)

    assert answer.verdict == verdict
    assert re.search(reason, answer.reason)


def test_candidates_are_the_best_first_and_ties_keep_the_order_of_the_labels():
    answer = decide(np.array([0.25, 0.5, 0.25]), DecisionRule(), LABELS, top_k=9)

    assert [candidate.label for candidate in answer.candidates] == ["good", "crack", "hole"]


def test_probabilities_survive_huge_logits():
    probabilities = DecisionRule(calibration=Temperature(value=0.1)).probabilities(
        np.array([[1e4, -1e4, 0]], np.float32)
    )

    assert probabilities.tolist() == [[1.0, 0.0, 0.0]]
