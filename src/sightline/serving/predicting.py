"""`POST /v1/predict` and `/v1/embed`: pictures in, answers out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sightline.errors import MalformedRequest, SightlineError
from sightline.inference import Ask
from sightline.records import Frozen, Prediction, Timings
from sightline.serving.answers import (
    Embedding,
    EmbeddingResult,
    EmbeddingsAnswer,
    FileResult,
    FormAnswer,
    Problem,
    problem,
    refusal_of,
)
from sightline.serving.body import Limits, Upload, read_images
from sightline.serving.exchange import Exchange
from sightline.serving.explaining import answer_explained, check_explained
from sightline.serving.head import Headers
from sightline.serving.models import Served
from sightline.serving.parameters import EmbedParameters, PredictParameters, read_parameters
from sightline.serving.service import Service
from sightline.serving.timing import server_timing
from sightline.serving.work import Waiting

Result = FileResult | EmbeddingResult

_LINES = b"application/x-ndjson"


async def predict(service: Service, exchange: Exchange) -> None:
    """Classify."""
    asked = read_parameters(exchange.scope["query_string"], PredictParameters)
    for name, value in (("label", asked.label), ("method", asked.method)):
        if value is not None and not asked.explain:
            raise MalformedRequest(f"{name} is about the explanation: it belongs to explain=true.")
    model = service.models.find(asked.model)
    if asked.explain:
        check_explained(model, asked, exchange)
    ask = Ask(asked.top_k, asked.threshold, asked.neighbours, asked.embedding)
    waiting = wait_for(service, exchange)
    service.require_room()
    with service.buffer() as count:
        uploads, several = await read_images(exchange, _limits(service, model), count)
        if asked.explain:
            await answer_explained(service, exchange, model, uploads[0].data, asked, waiting)
        elif several:
            await _answer_several(service, exchange, model, uploads, ask, waiting, _file_result)
        else:
            await _answer_one(service, exchange, model, uploads[0], ask, waiting, lambda found: found)


async def embed(service: Service, exchange: Exchange) -> None:
    """Give the vectors that the head classifies by."""
    asked = read_parameters(exchange.scope["query_string"], EmbedParameters)
    model = service.models.find(asked.model)
    ask, waiting = Ask(top_k=1, embedding=True), wait_for(service, exchange)
    service.require_room()
    with service.buffer() as count:
        uploads, several = await read_images(exchange, _limits(service, model), count)
        if several:
            await _answer_several(service, exchange, model, uploads, ask, waiting, _embedding_result)
        else:
            await _answer_one(service, exchange, model, uploads[0], ask, waiting, _embedding)


def wait_for(service: Service, exchange: Exchange) -> Waiting:
    """Who waits for the answer to a request, and how long. Raises `MalformedRequest`."""
    deadline = exchange.deadline(service.settings.request_timeout_s)
    return Waiting(exchange.client, exchange.urgent, deadline, exchange.gone, exchange.owe)


def _limits(service: Service, model: Served) -> Limits:
    settings = service.settings
    largest = model.bundle.manifest.preprocessing.limits.max_bytes
    return Limits(
        settings.max_body_bytes, largest, settings.max_files, settings.body_timeout_s, service.links
    )


async def _answer_one(
    service: Service,
    exchange: Exchange,
    model: Served,
    upload: Upload,
    ask: Ask,
    waiting: Waiting,
    shape: Callable[[Prediction], Frozen],
) -> None:
    (future,) = service.submit(model, [upload.data], ask, waiting)
    prediction = await service.answer(future, model)
    body = shape(prediction).model_dump_json().encode()
    await exchange.answer(200, body, headers=_timing([prediction.timings]))


async def _answer_several(
    service: Service,
    exchange: Exchange,
    model: Served,
    uploads: Sequence[Upload],
    ask: Ask,
    waiting: Waiting,
    shape: Callable[[int, str, Prediction | None, Problem | None], Result],
) -> None:
    service.line.check(len(uploads))
    futures = service.submit(model, [one.data for one in uploads], ask, waiting)

    async def result(index: int) -> tuple[Result, Timings | None, int]:
        try:
            found = await service.answer(futures[index], model)
        except SightlineError as err:
            service.refuse(refusal_of(err))
            return shape(index, uploads[index].name, None, problem(err, exchange.id)), None, err.status
        return shape(index, uploads[index].name, found, None), found.timings, 200

    if _LINES in exchange.headers.get(b"accept", b""):
        await _stream(exchange, [result(index) for index in range(len(uploads))])
        return
    outcomes = await asyncio.gather(*(result(index) for index in range(len(uploads))))
    results = [one for one, _, _ in outcomes]
    statuses = [status for _, _, status in outcomes]
    whole = EmbeddingsAnswer if shape is _embedding_result else FormAnswer
    body = whole.model_validate({"results": results}).model_dump_json().encode()
    spent = [timings for _, timings, _ in outcomes if timings is not None]
    await exchange.answer(200 if 200 in statuses else statuses[0], body, headers=_timing(spent))


async def _stream(exchange: Exchange, results: Sequence[Any]) -> None:
    """Each result as a line of JSON as soon as it is there."""
    await exchange.send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", _LINES)]}
    )
    for coming in asyncio.as_completed(results):
        result, _, _ = await coming
        line = result.model_dump_json().encode() + b"\n"
        await exchange.send({"type": "http.response.body", "body": line, "more_body": True})
    await exchange.send({"type": "http.response.body", "body": b""})


def _file_result(index: int, file: str, found: Prediction | None, error: Problem | None) -> FileResult:
    return FileResult(index=index, file=file, prediction=found, error=error)


def _embedding_result(
    index: int, file: str, found: Prediction | None, error: Problem | None
) -> EmbeddingResult:
    vector = None if found is None else _embedding(found)
    return EmbeddingResult(index=index, file=file, embedding=vector, error=error)


def _embedding(found: Prediction) -> Embedding:
    assert found.embedding is not None
    return Embedding(
        id=found.id,
        bundle_id=found.bundle_id,
        embedding=found.embedding,
        outlier_score=found.outlier_score,
        timings=found.timings,
    )


def _timing(timings: Sequence[Timings]) -> Headers:
    return [(b"server-timing", server_timing(timings).encode())] if timings else []
