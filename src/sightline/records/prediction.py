"""One answer about one picture: what the API returns, the log stores, monitoring counts, review corrects."""

from sightline.records.decided import Verdict
from sightline.records.frozen import Frozen
from sightline.records.task import Task


class Candidate(Frozen):
    """A label with its calibrated probability in [0, 1]."""

    label: str
    probability: float


class Timings(Frozen):
    """Where the time went, in milliseconds.

    decode: bytes to oriented RGB. preprocess: to the network's input. infer: the graph.
    decide: logits to verdict. queue: waiting for a free worker, 0 outside a server.
    """

    queue_ms: float = 0.0
    decode_ms: float
    preprocess_ms: float
    infer_ms: float
    decide_ms: float


class Neighbour(Frozen):
    """A training image that the network finds like the picture.

    id, sha256
        Its path relative to the root of the training data, and the hash of its file.
    labels
        What it was labelled with.
    distance
        Euclidean distance of the embeddings at length 1: 0, the same direction, to 2.
    """

    id: str
    sha256: str
    labels: tuple[str, ...]
    distance: float


class Prediction(Frozen):
    """The answer to one image.

    `labels` are those held for true, the most probable first: exactly one for the task `multiclass`, any number
    for `multilabel`, also none. `candidates` are the most probable labels, best first, whether held for true or
    not; for `multiclass` all probabilities together are 1, for `multilabel` each stands alone. `label` and
    `probability`: for `multiclass` those of the answer, which an alarm or costs may make another than the most
    probable one; for `multilabel` the first candidate. `label_set`: labels among which the truth is with the
    coverage that the bundle states, the most probable first; None where it states none. `reason` says why the
    decision is what it is, in one or two sentences. `outlier_score`: how strange the picture is by the bundle's own
    score, the larger the stranger; None: the bundle has none. `neighbours`: the training images that are nearest to
    it, the nearest first, and `embedding`: the vector that the network's head classifies by, where they were asked for.
    """

    id: str
    bundle_id: str
    task: Task
    labels: tuple[str, ...]
    label: str
    probability: float
    candidates: tuple[Candidate, ...]
    label_set: tuple[str, ...] | None = None
    decision: Verdict
    reason: str
    outlier_score: float | None = None
    neighbours: tuple[Neighbour, ...] | None = None
    embedding: tuple[float, ...] | None = None
    timings: Timings
