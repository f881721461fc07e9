"""Targets that are made from the network and the weights that its run has kept."""

import sys

import pytest

pytest.importorskip("torch")
import torch

from sightline.bundle import read_bundle
from sightline.errors import InputError
from sightline.lifecycle.exporting import Order, export_bundle
from sightline.lifecycle.exporting.network import rebuild_network
from sightline.training import read_weights, write_weights


def listen(_title):
    return lambda _done, _total: None


def test_the_network_is_rebuilt_and_gives_what_the_bundle_recorded(trained):
    network = rebuild_network(read_bundle(trained.path), trained.run)

    assert not network.training


def test_a_run_that_is_not_there_is_asked_for(trained, tmp_path):
    with pytest.raises(InputError, match="is not there, and this target is made from the network .* --run"):
        rebuild_network(read_bundle(trained.path), tmp_path / "nowhere")


def test_weights_of_another_training_are_refused(trained, tmp_path):
    facts, tensors = read_weights(str(trained.run))
    name = next(name for name, value in tensors.items() if name.endswith("weight") and value.ndim == 4)
    network = rebuild_network(read_bundle(trained.path), trained.run)
    with torch.no_grad():
        network.get_parameter(name).mul_(1.5)
    write_weights(tmp_path / "weights.safetensors", network, facts)

    with pytest.raises(InputError, match="are those of another training"):
        rebuild_network(read_bundle(trained.path), tmp_path)


def test_a_litert_model_gives_what_the_bundle_gives(trained, tmp_path):
    pytest.importorskip("litert_torch")
    pytest.importorskip("ai_edge_litert")

    record = export_bundle(read_bundle(trained.path), Order("litert"), tmp_path / "device", listen)

    assert record.replayed.logits < 1e-4
    assert (record.batch, record.made_from, record.not_run) == (1, "network", "")
    assert record.inputs[0].dtype == "uint8"
    assert {"litert-torch", "torch"} <= set(record.converter)


def test_a_core_ml_package_says_that_it_was_not_run(trained, tmp_path):
    pytest.importorskip("coremltools")
    if sys.platform == "darwin":
        pytest.skip("here it is run")

    record = export_bundle(read_bundle(trained.path), Order("coreml"), tmp_path / "device", listen)

    assert record.not_run == "Core ML runs on macOS only"
    assert (record.replayed, record.held_out, record.timed) == (None, None, None)
    text = (tmp_path / "device" / "README.md").read_text(encoding="utf-8")
    assert "**The model was converted and not run: Core ML runs on macOS only.**" in text
    assert "- [ ] **Converted model matches the bundle**: not verified." in text
