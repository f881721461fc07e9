"""What is found out about a request on its way, for its log line and its trace."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from sightline.records import Prediction


@dataclass
class RequestNotes:
    """Notes of one request; they belong to the event loop.

    trace_id
        32 hexadecimal digits; None: no trace.
    error
        The code of the error that it was answered with.
    answered
        Each prediction with the model's name, and when it came in nanoseconds since 1970.
    """

    request_id: str
    trace_id: str | None = None
    error: str | None = None
    answered: list[tuple[str, Prediction, int]] = field(default_factory=list)

    def add(self, model: str, prediction: Prediction) -> None:
        """Note an answer to one of its pictures."""
        self.answered.append((model, prediction, time.time_ns()))


CURRENT: ContextVar[RequestNotes | None] = ContextVar("sightline_request", default=None)
"""The request that this task answers; tasks and log lines under it see the same notes."""
