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


class Prediction(Frozen):
    """The answer to one image.

    `labels` are those held for true, the most probable first: exactly one for the task `multiclass`, any number
    for `multilabel`, also none. `candidates` are the most probable labels, best first, whether held for true or
    not; for `multiclass` all probabilities together are 1, for `multilabel` each stands alone. `label` and
    `probability`: for `multiclass` those of the answer, which an alarm or costs may make another than the most
    probable one; for `multilabel` the first candidate. `label_set`: labels among which the truth is with the
    coverage that the bundle states, the most probable first; None where it states none. `reason` says why the
    decision is what it is, in one or two sentences.
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
    timings: Timings
