"""What the API says: shapes of answers and errors, as they stand in the OpenAPI document."""

from typing import Literal

from sightline.errors import ImageError, SightlineError
from sightline.records import DecisionRule, Frozen, Prediction, Preprocessing, Task


class Problem(Frozen):
    """An error: a stable code, for images a reason, a sentence for people, and an id to ask about."""

    code: str
    reason: str | None = None
    message: str
    request_id: str


class ErrorBody(Frozen):
    """The body of every answer that is not 2xx."""

    error: Problem


class FileResult(Frozen):
    """One file of a form: its answer, or why there is none."""

    file: str
    prediction: Prediction | None = None
    error: Problem | None = None


class FormAnswer(Frozen):
    """The answer to a multipart form, a result a file in the order sent."""

    results: list[FileResult]


class Health(Frozen):
    """The state of the server."""

    status: Literal["alive", "ready"]


class ModelInfo(Frozen):
    """The bundle in service.

    `decision`: what turns logits into answers: calibration, thresholds in the order of the labels, what was aimed at.
    """

    name: str
    bundle_id: str
    task: Task
    labels: tuple[str, ...]
    variant: str
    preprocessing: Preprocessing
    decision: DecisionRule
    metrics: dict[str, dict[str, float | int | None]]
    sightline_version: str


def problem(err: SightlineError, request_id: str) -> Problem:
    """Describe a known error."""
    reason = err.reason if isinstance(err, ImageError) else None
    return Problem(code=err.code, reason=reason, message=str(err), request_id=request_id)
