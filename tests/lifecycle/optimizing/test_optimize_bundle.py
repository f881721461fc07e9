"""The whole story on a tiny bundle: every variant on real files, through the gate, into a bundle that verifies."""

import json

import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

from sightline.bundle import create_keys, read_bundle, read_signing_key, sign_bundle, signature_ids
from sightline.cli.main import app
from sightline.dataset import read_dataset
from sightline.errors import InputError
from sightline.inference import verify_bundle
from sightline.lifecycle.optimizing import Wanted, optimize_bundle, quantized_candidates


def listen(_title):
    return lambda _done, _total: None


def clipped(graph):
    """A graph whose first layer has lost half of its channels."""
    model = onnx.load_from_string(graph)
    (kernel,) = (one for one in model.graph.initializer if one.name == "kernel")
    values = numpy_helper.to_array(kernel).copy()
    values[: len(values) // 2] = 0
    kernel.CopyFrom(numpy_helper.from_array(values, "kernel"))
    return model.SerializeToString()


@pytest.fixture(scope="module")
def optimized(known, pictures, tmp_path_factory):
    target = tmp_path_factory.mktemp("out") / "faster"

    def broken(bundle, _material, _listen):
        return list(quantized_candidates(clipped(bundle.read("model.onnx")), "broken", "clipped on purpose"))

    keys = tmp_path_factory.mktemp("keys")
    create_keys(keys, "builder", None)
    sign_bundle(read_bundle(known), read_signing_key(keys / "builder.key", str))
    found = optimize_bundle(
        read_bundle(known), read_dataset(pictures), Wanted(least_gain=0.0), target, listen, [broken]
    )
    return found, target


def test_the_same_graph_in_another_runtime_passes_and_a_broken_one_does_not(optimized):
    found, _ = optimized

    rows = {row.name: row for row in found.rows}
    assert rows["ov-float32"].role == "kept"
    assert rows["ov-float32"].gate.label_agreement == 1
    for name in ("ort-int8-broken", "ov-int8-broken"):
        assert rows[name].role == "refused"
        assert any("falls by" in reason for reason in rows[name].reasons)


def test_the_bundle_holds_what_was_kept_and_answers_by_it(optimized, known):
    found, target = optimized

    new = read_bundle(target)
    kept = {row.name for row in found.rows if row.role != "refused"}
    assert set(new.sealed.variants) == kept
    assert new.sealed.default_variant == found.chosen
    assert "model.int8.broken.onnx" not in new.sealed.files
    assert json.loads(new.read("variants.json"))["chosen"] == found.chosen
    assert {check.outcome for check in verify_bundle(target)} == {"passed"}
    assert new.read("model.onnx") == read_bundle(known).read("model.onnx")


def test_a_signature_does_not_go_over_to_the_new_bundle(optimized, known):
    _, target = optimized

    assert len(signature_ids(known)) == 1
    assert not (target / "signatures").exists()


def test_each_variant_has_a_decision_fitted_to_it(optimized):
    found, target = optimized

    variants = read_bundle(target).sealed.variants
    for row in found.rows:
        if row.role == "kept":
            rule = variants[row.name].decision
            assert rule.outliers.held_out == found.images
            assert variants[row.name].gate["accuracy_drop"] == row.gate.drop.value
            assert variants[row.name].golden == f"variants/{row.name}.npz"


def test_the_test_split_plays_no_part_and_is_reported(optimized):
    found, _ = optimized

    assert (found.split, found.images) == ("val", 60)
    assert all(row.test is not None for row in found.rows if row.role != "refused")


def test_nothing_is_written_where_nothing_keeps_the_limits(known, pictures, tmp_path):
    result = CliRunner().invoke(
        app,
        [
            "optimize",
            str(known),
            str(pictures),
            "--out",
            str(tmp_path / "new"),
            "--max-size-mb",
            "0.00001",
            "--no-int8",
        ],
    )

    assert result.exit_code == 1
    assert "Nothing keeps the limits" in result.stdout
    assert "comes closest" in result.stdout
    assert not (tmp_path / "new").exists()


def test_pictures_that_the_bundle_never_saw_are_too_few_to_read_ranges_from(bundle, pictures, tmp_path):
    with pytest.raises(InputError, match="has 0 of the pictures that 'tiles' was trained on"):
        optimize_bundle(read_bundle(bundle), read_dataset(pictures), Wanted(), None, listen)


def test_a_bundle_with_variants_is_not_optimised_again(optimized, pictures, tmp_path):
    _, target = optimized

    with pytest.raises(InputError, match="has . variants already. Optimise the bundle that it was made from"):
        optimize_bundle(read_bundle(target), read_dataset(pictures), Wanted(), tmp_path / "again", listen)


def test_a_batch_that_is_no_number_is_refused(known, pictures):
    result = CliRunner().invoke(app, ["optimize", str(known), str(pictures), "--batch", "1,many"])

    assert isinstance(result.exception, InputError)
    assert "numbers from 1 to 256" in str(result.exception)
