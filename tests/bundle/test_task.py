import json

import pytest

from bundles import make_bundle
from sightline.bundle import read_bundle, sha256
from sightline.errors import BundleCorrupt
from sightline.records import DecisionRule

SEVERAL = DecisionRule(activation="sigmoid", label_thresholds=(0.2, 0.5, 0.7))


def rewrite(root, change):
    """Change the manifest and give it a fitting id, as somebody would who knows the format."""
    content = json.loads((root / "bundle.json").read_text())
    change(content)
    content.pop("id")

    def canonical(values):
        return (json.dumps(values, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()

    (root / "bundle.json").write_bytes(canonical({"id": sha256(canonical(content)), **content}))


def test_task_and_thresholds_read_back_as_written(tmp_path):
    manifest = read_bundle(make_bundle(tmp_path / "several", decision=SEVERAL)).manifest

    assert manifest.task == "multilabel"
    assert manifest.decision == SEVERAL


def test_softmax_cannot_sneak_into_a_multilabel_bundle(tmp_path):
    root = make_bundle(tmp_path / "several", decision=DecisionRule(activation="sigmoid"))
    rewrite(root, lambda content: content["decision"].update(activation="softmax", label_thresholds=None))

    with pytest.raises(BundleCorrupt, match="activation of task multilabel is sigmoid, not softmax"):
        read_bundle(root)


def test_sigmoid_cannot_sneak_into_a_multiclass_bundle(own_bundle):
    rewrite(own_bundle, lambda content: content["decision"].update(activation="sigmoid"))

    with pytest.raises(BundleCorrupt, match="activation of task multiclass is softmax, not sigmoid"):
        read_bundle(own_bundle)


def test_the_task_alone_cannot_be_changed_either(own_bundle):
    rewrite(own_bundle, lambda content: content.update(task="multilabel"))

    with pytest.raises(BundleCorrupt, match="activation of task multilabel is sigmoid"):
        read_bundle(own_bundle)


def test_a_manifest_from_before_there_were_tasks_is_multiclass(own_bundle):
    rewrite(own_bundle, lambda content: content.pop("task"))

    assert read_bundle(own_bundle).manifest.task == "multiclass"


def test_thresholds_are_one_a_label(tmp_path):
    root = make_bundle(tmp_path / "several", decision=SEVERAL)
    rewrite(root, lambda content: content["decision"].update(label_thresholds=[0.5, 0.5]))

    with pytest.raises(BundleCorrupt, match="2 thresholds for 3 labels"):
        read_bundle(root)
