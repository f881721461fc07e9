"""What the API says: shapes of answers and errors, as they stand in the OpenAPI document."""

from typing import Literal

from sightline.errors import ImageError, SightlineError
from sightline.records import DecisionRule, Frozen, Prediction, Preprocessing, Task, Timings


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
    """One picture of several: its place among them, what it was called, its answer, or why there is none."""

    index: int
    file: str
    prediction: Prediction | None = None
    error: Problem | None = None


class FormAnswer(Frozen):
    """The answer to several pictures, a result each in the order sent."""

    results: list[FileResult]


class Embedding(Frozen):
    """The vector that the network's head classifies a picture by."""

    id: str
    bundle_id: str
    embedding: tuple[float, ...]
    outlier_score: float | None = None
    timings: Timings


class EmbeddingResult(Frozen):
    """One picture of several: its place among them, what it was called, its vector, or why there is none."""

    index: int
    file: str
    embedding: Embedding | None = None
    error: Problem | None = None


class EmbeddingsAnswer(Frozen):
    """The vectors of several pictures, a result each in the order sent."""

    results: list[EmbeddingResult]


class Health(Frozen):
    """The state of the server."""

    status: Literal["alive", "ready"]


class ModelInfo(Frozen):
    """A model in service.

    `name`: what it is asked for by. `decision`: what turns logits into answers: calibration, thresholds in the order
    of the labels, what was aimed at. `max_batch_size`: so many pictures at most go through the graph together.
    """

    name: str
    bundle: str
    bundle_id: str
    task: Task
    labels: tuple[str, ...]
    variant: str
    max_batch_size: int
    preprocessing: Preprocessing
    decision: DecisionRule
    metrics: dict[str, dict[str, float | int | None]]
    sightline_version: str


class ModelList(Frozen):
    """The models in service; the first answers where none is named."""

    models: list[ModelInfo]


def problem(err: SightlineError, request_id: str) -> Problem:
    """Describe a known error."""
    reason = err.reason if isinstance(err, ImageError) else None
    return Problem(code=err.code, reason=reason, message=str(err), request_id=request_id)


def refusal_of(err: SightlineError) -> str:
    """What an error is counted as."""
    return err.reason if isinstance(err, ImageError) else err.code
