"""What waits in the line: a picture to be answered, or something heavy that must not hold pictures up."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from numpy import uint8
from numpy.typing import NDArray

from sightline.images import InspectedImage, Observer
from sightline.inference import Ask, InFull, Predictor

T = TypeVar("T")


@dataclass(frozen=True)
class Waiting:
    """Who waits for a job, and for how long.

    client
        Clients take turns, whatever each has in the line: the name of a key, or an address.
    urgent
        Of five turns the urgent class has four, as long as both have jobs.
    deadline
        By `time.monotonic`; later nobody wants the answer.
    gone
        Says whether the client has hung up. Asked from a worker thread.
    owe
        Takes the number of pictures beyond a request's first; see `Exchange`.
    """

    client: str = ""
    urgent: bool = False
    deadline: float = math.inf
    gone: Callable[[], bool] = lambda: False
    owe: Callable[[int], None] = lambda _: None


@dataclass(eq=False)
class Job(Generic[T]):
    """A place in the line. `answer` is a future of the event loop; only `Crew` sets it."""

    waiting: Waiting
    answer: "asyncio.Future[T]"
    pixels: int
    entered: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class Picture(Job[InFull]):
    """A picture, encoded and inspected or as the network takes it: uint8 `[height_px, width_px, 3]`.

    batch_size, company
        So many of one predictor at most go through the graph together, and are answered by one thread together.
    observe
        Told what stands at each boundary of the way; see `Predictor.prepare`.
    """

    predictor: Predictor = field(kw_only=True)
    image: InspectedImage | NDArray[uint8] = field(kw_only=True)
    ask: Ask = field(kw_only=True)
    batch_size: int = field(default=1, kw_only=True)
    company: int = field(default=1, kw_only=True)
    observe: Observer | None = field(default=None, kw_only=True)


@dataclass(eq=False)
class Heavy(Job[Any]):
    """Work that keeps a thread for as long as many pictures do, for instance an explanation."""

    call: Callable[[float], Any] = field(kw_only=True)
    """Takes how long the job has waited, in milliseconds."""
