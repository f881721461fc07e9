"""A bundle in OpenVINO's own format: what is written, what is verified, and what is left behind when it fails."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from bundles import make_bundle
from sightline.bundle import read_bundle, sha256
from sightline.cli.main import app
from sightline.dataset import read_dataset
from sightline.errors import ExportMismatch, InputError
from sightline.inference import load
from sightline.lifecycle.exporting import ExportRecord, Order, export_bundle
from sightline.optimize.exporting import openvino_ir
from sightline.records import DecisionRule, Temperature

pytest.importorskip("openvino")


def listen(_title):
    return lambda _done, _total: None


@pytest.fixture(scope="module")
def exported(labelled, tmp_path_factory):
    bundle, pictures = labelled
    target = tmp_path_factory.mktemp("out") / "device"
    order = Order("openvino")
    return export_bundle(read_bundle(bundle), order, target, listen, read_dataset(pictures)), target


def broken(monkeypatch, change):
    """OpenVINO's engine with something done to all that it gives."""
    usual = openvino_ir.open_ir

    def opened(path, precision, *, threads):
        engine = usual(path, precision, threads=threads)
        run = engine.run
        engine.run = lambda images, outputs: [change(one) for one in run(images, outputs)]
        return engine

    monkeypatch.setattr(openvino_ir, "open_ir", opened)


def test_golden_images_held_out_pictures_and_time_are_on_record(exported):
    record, target = exported

    assert record.replayed.same_answers == record.replayed.images == 3
    assert record.replayed.logits < 1e-5
    assert (record.held_out.split, record.held_out.gate.images) == ("val", 50)
    assert record.held_out.gate.label_agreement == 1
    assert record.held_out.accuracy.low < record.held_out.gate.accuracy < record.held_out.accuracy.high
    assert record.timed.own.p50_ms > 0
    assert record.not_run == ""
    written = ExportRecord.model_validate_json((target / "export.json").read_bytes())
    assert written == record


def test_the_model_takes_bytes_and_gives_the_same_three_outputs(exported):
    record, _ = exported

    tensors = {one.name: (one.dtype, one.shape) for one in (*record.inputs, *record.outputs)}
    assert tensors == {
        "images": ("uint8", (None, 32, 32, 3)),
        "logits": ("float32", (None, 3)),
        "embedding": ("float32", (None, 4)),
        "feature_map": ("float32", (None, 4, 16, 16)),
    }


def test_weights_keep_their_32_bits(exported, labelled):
    _, target = exported
    import openvino

    model = openvino.Core().read_model(target / "model.xml")
    kinds = {
        node.get_element_type().to_string() for node in model.get_ops() if node.get_type_name() == "Constant"
    }
    assert "f32" in kinds
    assert "f16" not in kinds


def test_every_file_is_listed_with_its_digest(exported):
    record, target = exported

    there = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if path.is_file()}
    assert set(record.files) == set(there) - {"export.json"}
    for name, listed in record.files.items():
        assert sha256(there[name].read_bytes()) == listed.sha256


def test_golden_pictures_pixels_and_answers_travel_with_the_model(exported, labelled):
    _, target = exported
    bundle = read_bundle(labelled[0])

    answers = json.loads((target / "golden" / "answers.json").read_text())
    pixels = np.load(target / "golden" / "pixels.npy", allow_pickle=False)
    predictor = load(labelled[0])
    for row, answer in enumerate(answers):
        encoded = (target / answer["picture"]).read_bytes()
        assert encoded == bundle.read(answer["picture"])
        assert answer["labels"] == [predictor.predict(encoded).label]
        (logits,) = predictor.engine.run(pixels[row : row + 1], ["logits"])
        np.testing.assert_allclose(np.load(target / "golden" / "logits.npy")[row], logits[0], rtol=1e-4)


def test_the_readme_s_own_lines_answer_as_the_bundle_does(exported):
    _, target = exported
    blocks = re.findall(r"```python\n(.*?)```", (target / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=target, capture_output=True, text=True, check=True
    )

    label, probability, verdict = done.stdout.split()
    first = json.loads((target / "golden" / "answers.json").read_text())[0]
    assert ([label], verdict) == (first["labels"], first["verdict"])
    assert 1 / 3 < float(probability) <= 1


def test_the_readme_tells_what_was_verified_from_what_was_not(exported):
    _, target = exported
    text = (target / "README.md").read_text(encoding="utf-8")

    assert "- [x] **Converted model matches the bundle**: verified. 3 golden images in openvino" in text
    assert "- [x] **Accuracy of the converted model validated on held-out pictures**: verified." in text
    assert "- [ ] **Monitored after shipping**: not verified." in text
    assert "- [ ] **ONNX export matches the network within tolerance**: not verified." in text


def test_without_data_accuracy_is_not_claimed(labelled, tmp_path):
    record = export_bundle(read_bundle(labelled[0]), Order("openvino"), tmp_path / "device", listen)

    assert record.held_out is None
    text = (tmp_path / "device" / "README.md").read_text(encoding="utf-8")
    assert "- [ ] **Accuracy of the converted model validated on held-out pictures**: not verified." in text


@pytest.mark.parametrize(
    "change", [lambda one: one * 1.01 + 0.01, lambda one: one * np.nan], ids=["apart", "no numbers"]
)
def test_a_model_that_gives_something_else_is_not_written(labelled, tmp_path, monkeypatch, change):
    broken(monkeypatch, change)

    with pytest.raises(ExportMismatch, match="does not give what .* gave for its golden images"):
        export_bundle(read_bundle(labelled[0]), Order("openvino"), tmp_path / "device", listen)

    assert list(tmp_path.iterdir()) == []


def test_a_model_that_loses_accuracy_on_held_out_pictures_is_not_written(labelled, tmp_path, monkeypatch):
    bundle, pictures = labelled
    # Right for the three golden pictures, and for no longer list.
    broken(monkeypatch, lambda one: one if len(one) <= 3 else one[:, ::-1].copy())

    with pytest.raises(ExportMismatch, match=r"is not as good .* of val: accuracy falls by"):
        export_bundle(
            read_bundle(bundle), Order("openvino"), tmp_path / "device", listen, read_dataset(pictures)
        )

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(labelled, tmp_path):
    (tmp_path / "device").mkdir()

    with pytest.raises(InputError, match="exists already"):
        export_bundle(read_bundle(labelled[0]), Order("openvino"), tmp_path / "device", listen)


def test_a_variant_in_eight_bits_is_none_for_a_target_made_from_the_network(labelled, tmp_path):
    bundle = read_bundle(labelled[0])
    name = bundle.sealed.default_variant
    eight = bundle.sealed.variants[name].model_copy(update={"precision": "int8", "engine": "openvino"})
    sealed = bundle.sealed.model_copy(update={"variants": {**bundle.sealed.variants, "eight": eight}})
    object.__setattr__(bundle, "sealed", sealed)

    with pytest.raises(InputError, match="'eight' is in int8, and a model for LiteRT"):
        export_bundle(bundle, Order("litert", "eight"), tmp_path / "device", listen)


def test_the_command_prints_the_record_as_json(tmp_path):
    bundle = make_bundle(tmp_path / "tiles", decision=DecisionRule(calibration=Temperature(value=2.0)))

    arguments = ["export", str(bundle), "--to", "openvino", "--out", str(tmp_path / "device"), "--json"]
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["target"] == "openvino"
    assert json.loads((tmp_path / "device" / "decision.json").read_text())["calibration"]["value"] == 2.0
