"""From an inference request to its tensors, through the same line as every other picture; and what errors look like."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sightline.errors import ImageError, UnknownModel
from sightline.inference import Ask, InFull
from sightline.serving.answers import Problem
from sightline.serving.head import Headers
from sightline.serving.models import Served
from sightline.serving.service import Service
from sightline.serving.v2.request import InferRequest, Wanted
from sightline.serving.v2.tensors import Tensor
from sightline.serving.work import Waiting

_VERSION_DIGITS: Final = 12


def version_of(model: Served) -> str:
    """The version of what answers: the first twelve hexadecimal digits of the bundle's id as a decimal number.

    Triton's versions are numbers, and its clients read them as such.
    """
    return str(int(model.bundle.id[:_VERSION_DIGITS], 16))


def find_model(service: Service, name: str, version: str | None) -> Served:
    """The model of this name, and of this version where one is given.

    Raises:
        UnknownModel: there is none, or it has another version.
    """
    model = service.models.find(name)
    identity = model.bundle.id
    if version and version not in (version_of(model), identity, identity[:_VERSION_DIGITS]):
        raise UnknownModel(
            f"The model '{model.name}' has the version '{version_of(model)}' in service, not '{version[:80]}'."
        )
    return model


async def infer(service: Service, model: Served, request: InferRequest, waiting: Waiting) -> list[Tensor]:
    """Answer a request, an output each in the order asked for.

    Raises:
        ImageError: a picture is not taken; of several the message names which.
        SightlineError: overload, or time that is over.
    """
    futures = service.submit(model, request.images, Ask(), waiting)
    try:
        found = await service.answer_all(futures, model)
    except ImageError as err:
        raise _of_picture(err, futures) from err
    return [_tensor(wish, found, model.bundle.manifest.labels) for wish in request.outputs]


def within(waiting: Waiting, started: float, timeout_s: float | None) -> Waiting:
    """Who waits, no longer than the request itself says."""
    if timeout_s is None:
        return waiting
    return replace(waiting, deadline=min(waiting.deadline, started + timeout_s))


def shape_failure(problem: Problem) -> tuple[bytes, Headers]:
    """An error as the protocol has it; our code and reason are in headers."""
    headers = [(b"sightline-error-code", problem.code.encode())]
    if problem.reason is not None:
        headers.append((b"sightline-error-reason", problem.reason.encode()))
    return json.dumps({"error": problem.message}).encode(), headers


def _of_picture(err: ImageError, futures: Sequence["asyncio.Future[InFull]"]) -> ImageError:
    """The same error, with the number of the picture where there are several."""
    if len(futures) == 1:
        return err
    failed = (
        i for i, one in enumerate(futures) if not one.cancelled() and one.done() and one.exception() is err
    )
    return type(err)(err.reason, f"Picture {next(failed, 0)} of {len(futures)}, counted from 0: {err}")


def _tensor(wish: Wanted, found: Sequence[InFull], labels: tuple[str, ...]) -> Tensor:
    values = _values(wish.name, found)
    if wish.classes is None:
        shape = values.shape if isinstance(values, np.ndarray) else (len(values),)
        return Tensor(wish.name, shape, values)
    assert isinstance(values, np.ndarray)
    count = min(wish.classes, len(labels))
    largest = np.argsort(-values, axis=1, kind="stable")[:, :count]
    strings = [
        f"{row[i]:f}:{i}:{labels[i]}".encode()
        for row, order in zip(values, largest, strict=True)
        for i in order
    ]
    return Tensor(wish.name, (len(found), count), strings)


def _values(
    name: str, found: Sequence[InFull]
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | list[bytes]":
    match name:
        case "label":
            return [one.prediction.label.encode() for one in found]
        case "decision":
            return [one.prediction.decision.encode() for one in found]
        case "prediction":
            return [one.prediction.model_dump_json().encode() for one in found]
        case "probability":
            return np.array([one.prediction.probability for one in found], np.float32)
        case "outlier_score":
            return np.array([one.prediction.outlier_score for one in found], np.float32)
        case "probabilities":
            return np.stack([one.probabilities_c for one in found]).astype(np.float32)
        case "logits":
            return np.stack([one.logits_c for one in found])
    return np.stack([one.embedding_d for one in found])
