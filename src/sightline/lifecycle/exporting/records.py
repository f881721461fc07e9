"""What `export.json` says of an exported model."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from sightline.bundle import FileRecord, Precision
from sightline.inference.measuring import Speed
from sightline.lifecycle.optimizing import Gate
from sightline.optimize.exporting import Target
from sightline.records import Estimate, Frozen

RECORD_FILE = "export.json"


class Tensor(Frozen):
    """One input or output; None in `shape` is a dimension that is open."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


class Replayed(Frozen):
    """The golden images in the converted model against what the bundle's variant gave for them.

    tolerance
        What each of the three differences may be at most; with fewer than 32 bits the first two.
    logits, embedding, feature_map
        Largest |Δ| of a value, as a share of the largest recorded one of that image (at least 1).
    same_answers
        Images with the same labels after the decision, of `images`; all, or nothing is written.
    """

    images: int
    tolerance: float
    logits: float
    embedding: float
    feature_map: float
    same_answers: int


class HeldOut(Frozen):
    """Pictures that training has not seen, answered by the converted model with the decision in the folder.

    gate
        Against the bundle's float32 reference with its own decision; the limits are those of `sightline optimize`.
    accuracy
        Its own on these pictures.
    test
        On the test split; None where there is none.
    """

    split: str
    gate: Gate
    accuracy: Estimate | None
    test: Estimate | None


class Timed(Frozen):
    """One picture a call on one core of this machine, in turns with ONNX Runtime in float32, on `pictures`."""

    own: Speed
    onnx_runtime: Speed


class ExportRecord(Frozen):
    """The record of an export.

    made_from
        The variant's ONNX graph, or the network rebuilt from the weights of its training run.
    converter, runtime
        Distributions with their versions.
    not_run
        Why the model was not run here, as a phrase; "" where it was, and then `replayed` and `timed` are there.
    batch
        Pictures a call that the model is fixed to; None: any number.
    input
        What it takes, in words.
    held_out
        None: no data were given.
    machine
        Where all of this was done.
    files
        Every other file of the folder.
    """

    schema_version: Literal[1] = 1
    bundle: str
    bundle_id: str
    variant: str
    precision: Precision
    target: Target
    made_from: Literal["onnx", "network"]
    created_at: str
    sightline_version: str
    converter: Mapping[str, str]
    runtime: Mapping[str, str]
    not_run: str
    batch: int | None
    input: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    model: str
    size_mb: float = Field(ge=0)
    replayed: Replayed | None
    held_out: HeldOut | None
    timed: Timed | None
    machine: Mapping[str, str | int]
    files: Mapping[str, FileRecord]
