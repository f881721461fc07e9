"""From what a build has made to the files of a bundle and the manifest that describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sightline import __version__
from sightline.bundle import (
    EXPECTED_FILE,
    HEAD_FILE,
    REFERENCE_FILE,
    Golden,
    Graph,
    Head,
    Manifest,
    Provenance,
    Variant,
    golden_names,
    list_files,
    pack_golden,
    pack_head,
    pack_reference,
    sha256,
)
from sightline.evaluation import AnyEvaluation, headline
from sightline.evaluation.operating import Fitted
from sightline.inference import Engine, OutlierScorer, record_golden
from sightline.lifecycle.golden_pictures import choose_golden
from sightline.lifecycle.prepare import PreparedData
from sightline.lifecycle.provenance import hardware, now, package_versions, python_version
from sightline.lifecycle.strangers import Strangers
from sightline.optimize import ExportCheck
from sightline.records import ClassMaps
from sightline.training import Recipe, Trained, to_yaml, weights_path


@dataclass(frozen=True)
class Exported:
    """The graph, how it compares with its network, and what it takes and gives; the head beside it.

    head
        None if it is not one linear layer.
    """

    graph: bytes
    check: ExportCheck
    engine: Engine
    contract: Graph
    head: Head | None
    class_maps: ClassMaps


@dataclass(frozen=True)
class Ingredients:
    """What a bundle is made of. `evaluations` by split, `baselines` by name."""

    recipe: Recipe
    data: PreparedData
    trained: Trained
    training_seconds: float
    exported: Exported
    fitted: Fitted
    evaluations: Mapping[str, AnyEvaluation]
    baselines: Mapping[str, AnyEvaluation]
    strangers: Strangers


def assemble_files(parts: Ingredients) -> dict[str, bytes]:
    """Return the content of every file of the bundle but the manifest."""
    spec = parts.recipe.preprocessing()
    pictures = choose_golden(parts.data.val, spec)
    rule, reference = parts.fitted.rule, parts.strangers.reference
    scorer = None if rule.outliers is None else OutlierScorer(rule.outliers, reference)
    expected = record_golden(pictures, spec, rule, parts.data.train.labels, parts.exported.engine, scorer)
    named = _evaluations(parts)
    evaluations = ",\n".join(f'"{name}": {one.model_dump_json(indent=1)}' for name, one in named.items())
    return {
        "model.onnx": parts.exported.graph,
        "recipe.yaml": to_yaml(parts.recipe).encode(),
        "dataset.csv": parts.data.table(),
        "quarantine.csv": parts.data.quarantine_table(),
        "history.jsonl": "".join(
            f"{record.model_dump_json()}\n" for record in parts.trained.history
        ).encode(),
        "evaluation.json": f"{{{evaluations}}}\n".encode(),
        "outliers.json": f"{parts.strangers.choice.model_dump_json(indent=1)}\n".encode(),
        REFERENCE_FILE: pack_reference(reference),
        EXPECTED_FILE: pack_golden(expected),
        **({} if parts.exported.head is None else {HEAD_FILE: pack_head(parts.exported.head)}),
        **pictures,
    }


def assemble_manifest(name: str, parts: Ingredients, files: Mapping[str, bytes]) -> Manifest:
    """Describe the bundle and its files."""
    gate = parts.exported.check.model_dump()
    return Manifest(
        name=name,
        task=parts.recipe.task,
        labels=parts.data.train.labels,
        preprocessing=parts.recipe.preprocessing(),
        decision=parts.fitted.rule,
        decision_report=parts.fitted.report,
        graph=parts.exported.contract,
        class_maps=parts.exported.class_maps,
        default_variant="float32",
        variants={"float32": Variant(file="model.onnx", precision="float32", gate=gate)},
        golden=Golden(count=len(golden_names(files))),
        provenance=_provenance(parts),
        metrics={name: headline(one) for name, one in _evaluations(parts).items()},
        files=list_files(files),
    )


def _evaluations(parts: Ingredients) -> dict[str, AnyEvaluation]:
    """By split, and by baseline with its name as in `baseline:majority`."""
    baselines = {f"baseline:{name}": one for name, one in parts.baselines.items()}
    return {**parts.evaluations, **baselines}


def _provenance(parts: Ingredients) -> Provenance:
    recipe, data, trained = parts.recipe, parts.data, parts.trained
    scratch = recipe.training.strategy == "scratch"
    pretrained = False if scratch else recipe.pretrained
    weights = Path(pretrained) if isinstance(pretrained, str) else None
    if recipe.model.start is not None:
        weights = weights_path(recipe.model.start)
    mean, std = (
        tuple(round(value / 255, 6) for value in levels.flatten().tolist())
        for levels in (trained.network.mean, trained.network.std)
    )
    return Provenance(
        created_at=now(),
        sightline_version=__version__,
        python_version=python_version(),
        packages=package_versions(),
        hardware=hardware(trained.device),
        dataset_digest=data.digest,
        dataset_counts=data.counts(),
        quarantined=len(data.quarantine),
        seed=recipe.seed,
        backbone=recipe.model.backbone,
        pretrained=weights.name if weights else str(pretrained).lower(),
        pretrained_sha256=sha256(weights.read_bytes()) if weights else None,
        normalisation_mean=mean,
        normalisation_std=std,
        best_epoch=trained.best_epoch,
        training_seconds=parts.training_seconds,
    )
