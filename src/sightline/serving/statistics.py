"""How often a model was run and asked, and how long that took: sums that only grow, as Triton keeps them."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sightline.inference import Predictor
from sightline.records import Timings


@dataclass
class Spent:
    """So many times, together so many nanoseconds."""

    count: int = 0
    ns: int = 0

    def add(self, milliseconds: float) -> None:
        """Count one more."""
        self.count += 1
        self.ns += round(milliseconds * 1e6)


@dataclass
class Stages:
    """Bytes to pixels, the graph, and logits to answers."""

    compute_input: Spent = field(default_factory=Spent)
    compute_infer: Spent = field(default_factory=Spent)
    compute_output: Spent = field(default_factory=Spent)

    def add(self, timings: Sequence[Timings]) -> None:
        """Count pictures that went together, by the slowest of them in each stage."""
        self.compute_input.add(max(one.decode_ms + one.preprocess_ms for one in timings))
        self.compute_infer.add(max(one.infer_ms for one in timings))
        self.compute_output.add(max(one.decide_ms for one in timings))


@dataclass
class Counted:
    """What is known of one model.

    last_ms
        When it was last run, in milliseconds since 1970.
    inferences, executions
        Pictures that went through the graph, and the calls that this took.
    success, fail, queue, stages
        Of requests: those with an answer, those with an error, and where the time of the former went. A request of
        several pictures counts once, with its slowest picture in each.
    batches
        Calls of the graph by the number of pictures.
    """

    last_ms: int = 0
    inferences: int = 0
    executions: int = 0
    success: Spent = field(default_factory=Spent)
    fail: Spent = field(default_factory=Spent)
    queue: Spent = field(default_factory=Spent)
    stages: Stages = field(default_factory=Stages)
    batches: dict[int, Stages] = field(default_factory=dict)


class Statistics:
    """By what answers, so that a model that is loaded anew begins with nothing.

    `executed` is called from the threads, everything else from the event loop.
    """

    def __init__(self) -> None:
        self._counted: WeakKeyDictionary[Predictor, Counted] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, predictor: Predictor) -> Counted:
        """What is known of it so far."""
        with self._lock:
            counted = self._counted.get(predictor)
            if counted is None:
                counted = self._counted[predictor] = Counted()
            return counted

    def executed(self, predictor: Predictor, timings: Sequence[Timings]) -> None:
        """Count a call of the graph with so many pictures."""
        counted = self.of(predictor)
        with self._lock:
            counted.last_ms = time.time_ns() // 1_000_000
            counted.inferences += len(timings)
            counted.executions += 1
            counted.batches.setdefault(len(timings), Stages()).add(timings)

    def answered(self, predictor: Predictor, timings: Sequence[Timings]) -> None:
        """Count a request with an answer for each of its pictures."""
        counted = self.of(predictor)
        counted.queue.add(max(one.queue_ms for one in timings))
        counted.stages.add(timings)
        counted.success.add(max(sum(vars(one).values()) for one in timings))

    def failed(self, predictor: Predictor, seconds: float) -> None:
        """Count a request that has an error instead."""
        self.of(predictor).fail.add(seconds * 1e3)
