"""What stands in `bundle.json`: the contract between the half that makes models and the half that runs them."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sightline.bundle.head import HEAD_FILE
from sightline.bundle.signature_files import SIGNATURES_FOLDER
from sightline.records import (
    ClassMaps,
    DecisionReport,
    DecisionRule,
    Frozen,
    Preprocessing,
    Task,
    activation_of,
)

SCHEMA_VERSION: Final = 1
REFERENCE_FILE: Final = "reference.npz"

_SAFE_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def _inside(path: str) -> str:
    if not all(_SAFE_PART.fullmatch(part) for part in path.split("/")):
        raise ValueError(
            "a file of a bundle is named by parts of letters, digits, '.', '_' and '-', joined by '/', "
            "none of them starting with '.' or '-'"
        )
    if path.partition("/")[0] == SIGNATURES_FOLDER:
        raise ValueError(f"'{SIGNATURES_FOLDER}' is kept for signatures, which no manifest lists")
    return path


FilePath = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FileRecord(Frozen):
    """The size in bytes and the SHA-256 of one file of the bundle."""

    size: int = Field(ge=0)
    sha256: Sha256


Runtime = Literal["onnxruntime", "openvino", "tensorrt"]
Precision = Literal["float32", "bfloat16", "float16", "int8"]


class Variant(Frozen):
    """One way to the bundle's answers: a graph, the runtime it is run in, and what that calculates in.

    precision
        `bfloat16` and `float16` are asked of the runtime; `int8` is in the graph itself.
    decision
        Fitted to the logits of this variant. None: the manifest's own, as of the reference.
    golden
        The file with what it gives for the golden images, from the logits on. None: what the reference gives.
    golden_logit
        How far a replay may part from that, as `Golden.logit`. None: as that says.
    gate
        What was measured before it was let in, for instance its agreement with the network it came from.
    """

    file: FilePath
    engine: Runtime = "onnxruntime"
    precision: Precision
    decision: DecisionRule | None = None
    golden: FilePath | None = None
    golden_logit: float | None = Field(default=None, gt=0, le=0.25)
    gate: dict[str, float | int | str | bool | None]


class Graph(Frozen):
    """What every variant's graph takes and gives; the batch size is free.

    In: `images` uint8 `[N, height_px, width_px, 3]`. Out: `logits` float32 `[N, C]`, `embedding` float32
    `[N, embedding_size]`, `feature_map` float32 `[N, *feature_map_shape]` (channels, rows, columns).
    """

    opset: int = Field(ge=1)
    embedding_size: int = Field(ge=1)
    feature_map_shape: tuple[int, int, int]


class Golden(Frozen):
    """How far a replay of the golden images may part from what was recorded, stage by stage.

    pixel_mean, pixel_max
        Mean and largest absolute difference of uint8 levels. Decode and orient compare a 16 × 16 map of block
        means by `pixel_mean`; resize compares every pixel by both.
    logit
        Largest absolute difference of logits, as a share of the largest absolute recorded logit (at least 1); of
        embeddings likewise.
    probability
        Largest absolute difference of probabilities: the decision on the recorded logits.
    outlier_score
        Largest absolute difference of outlier scores on the recorded logits and embedding, as a share of the recorded
        one (at least 1).
    """

    count: int = Field(ge=1)
    pixel_mean: float = 0.5
    pixel_max: int = 4
    logit: float = 1e-3
    probability: float = 1e-6
    outlier_score: float = 1e-3


class Recalibration(Frozen):
    """That a bundle has the graph of another one, and a decision of its own: which, when, and on which images.

    dataset_digest
        Of the images that the decision was fitted on.
    """

    bundle: Sha256
    created_at: str
    sightline_version: str
    dataset_digest: Sha256
    images: int = Field(ge=1)


class Provenance(Frozen):
    """What is needed to train the same model again.

    The recipe, with every default written out, lies beside the manifest as `recipe.yaml`; the samples with
    their labels, groups, splits and hashes as `dataset.csv`.
    """

    created_at: str
    sightline_version: str
    python_version: str
    packages: dict[str, str]
    hardware: dict[str, str | int]
    dataset_digest: Sha256
    dataset_counts: dict[str, int]
    quarantined: int = Field(ge=0)
    seed: int
    backbone: str
    pretrained: str
    pretrained_sha256: Sha256 | None = None
    normalisation_mean: tuple[float, float, float]
    normalisation_std: tuple[float, float, float]
    best_epoch: int
    training_seconds: float
    recalibration: Recalibration | None = None


class Manifest(Frozen):
    """The manifest. Its digest is the bundle's id; see `sightline.bundle.digest`.

    task
        `multiclass`: one label is true of a picture, and the decision's activation is softmax; `multilabel`: any
        number is, and it is sigmoid. A manifest that mixes the two is refused.
    decision_report
        What the decision was fitted on and what can be expected of it; None where it was not fitted.
    class_maps
        How the head, `head.npz`, and the graph's feature map explain the logits. None: nobody has looked.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(min_length=1, max_length=200)
    task: Task = "multiclass"
    labels: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=2)
    preprocessing: Preprocessing
    decision: DecisionRule
    decision_report: DecisionReport | None = None
    graph: Graph
    class_maps: ClassMaps | None = None
    default_variant: str
    variants: dict[str, Variant] = Field(min_length=1)
    golden: Golden
    provenance: Provenance
    metrics: dict[str, dict[str, float | int | None]]
    files: dict[FilePath, FileRecord]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: every label must be listed once")
        if self.default_variant not in self.variants:
            raise ValueError(f"default_variant: '{self.default_variant}' is not among the variants")
        if self.decision.activation != activation_of(self.task):
            raise ValueError(
                f"decision: the activation of task {self.task} is {activation_of(self.task)}, "
                f"not {self.decision.activation}"
            )
        for where, rule in self._rules():
            if rule.activation != self.decision.activation:
                raise ValueError(
                    f"{where}: its activation is {rule.activation}, not {self.decision.activation}"
                )
            for misfit in rule.misfits(len(self.labels)):
                raise ValueError(f"{where}: {misfit}")
            if rule.outliers is not None and REFERENCE_FILE not in self.files:
                raise ValueError(f"{where}: outliers need {REFERENCE_FILE}, which is not among the files")
        named = (file for variant in self.variants.values() for file in (variant.file, variant.golden))
        missing = [file for file in named if file is not None and file not in self.files]
        if missing:
            raise ValueError(f"variants: {', '.join(missing)} is not among the files")
        if self.class_maps is not None and self.class_maps.exact and HEAD_FILE not in self.files:
            raise ValueError(f"class_maps: they are made with {HEAD_FILE}, which is not among the files")
        return self

    def _rules(self) -> Iterator[tuple[str, DecisionRule]]:
        yield "decision", self.decision
        for name, variant in self.variants.items():
            if variant.decision is not None:
                yield f"variants.{name}.decision", variant.decision


def to_json(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest as plain JSON values."""
    values: dict[str, Any] = manifest.model_dump(mode="json")
    return values
