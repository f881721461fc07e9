"""All that the page is made from, gathered before anything is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sightline.bundle import Manifest
from sightline.dataset import Quarantined
from sightline.dataset.sources.store import Store
from sightline.evaluation import AnyEvaluation, Sampling
from sightline.evaluation.comparison import Comparison
from sightline.evaluation.gates import GateResult
from sightline.evaluation.slices import SliceFindings
from sightline.records import ImageLimits, Neighbour
from sightline.report.galleries import Galleries
from sightline.report.subject import Subject


@dataclass(frozen=True)
class Explained:
    """Why an answer is what it is: an encoded overlay of heat, or None; and the nearest training pictures."""

    overlay: bytes | None = None
    lookalikes: tuple[Neighbour, ...] = ()


@dataclass(frozen=True)
class Compared:
    """This bundle against another one on the same pictures; `other` is how that one was named."""

    other: str
    comparison: Comparison


@dataclass(frozen=True)
class Origin:
    """Where and when the evaluation was made.

    created_at
        ISO 8601.
    command
        What was typed, for those who want to repeat it; empty where it was no command.
    location, dataset_digest
        Of the pictures.
    set_aside
        Files that could not be used.
    versions, hardware
        Of what computed the figures.
    """

    created_at: str
    location: str
    dataset_digest: str
    command: str = ""
    set_aside: Sequence[Quarantined] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    hardware: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Material:
    """What is not known is None or empty, and is then left out of the page or said to be unknown.

    evaluation, uncalibrated
        Under the bundle's rule, with intervals; and the same scores as the network says them.
    same_as_baselines
        Whether these are the pictures that the baselines in the manifest were measured on.
    explained
        By the path of a picture.
    explained_by
        How overlays were made, in a sentence; empty where there are none.
    store, limits
        Where the pictures are; without a store every frame is empty.
    """

    bundle_id: str
    manifest: Manifest
    subject: Subject
    sampling: Sampling
    evaluation: AnyEvaluation
    uncalibrated: AnyEvaluation
    galleries: Galleries
    origin: Origin
    store: Store | None = None
    limits: ImageLimits = field(default_factory=ImageLimits)
    same_as_baselines: bool = False
    gates: tuple[GateResult, ...] = ()
    slices: SliceFindings | None = None
    compared: Compared | None = None
    explained: Mapping[str, Explained] = field(default_factory=dict)
    explained_by: str = ""
