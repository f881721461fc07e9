"""One answer about one picture: what the API returns, the log stores, monitoring counts, review corrects."""

from sightline.records.decision import Verdict
from sightline.records.frozen import Frozen


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

    `candidates` are the most probable labels, best first; `label` and `probability` are the first of them.
    `reason` says why the decision is what it is, in one sentence.
    """

    id: str
    bundle_id: str
    label: str
    probability: float
    candidates: tuple[Candidate, ...]
    decision: Verdict
    reason: str
    timings: Timings
