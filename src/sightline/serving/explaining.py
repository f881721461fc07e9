"""`explain=true`: the overlay as the body, the answer in headers."""

import json
from typing import Any

from sightline.errors import InputError, MalformedRequest
from sightline.inference import check_label
from sightline.records import Frozen
from sightline.serving.exchange import Exchange
from sightline.serving.models import Served
from sightline.serving.parameters import PredictParameters
from sightline.serving.service import Service
from sightline.serving.timing import server_timing
from sightline.serving.work import Waiting

OVERLAY: dict[str, Any] = {
    "description": "The prediction; with `explain=true` the overlay as PNG, and the prediction in a header.",
    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "Sightline-Prediction": {
            "description": "With `explain=true`: the prediction, JSON in ASCII.",
            "schema": {"type": "string"},
        },
        "Sightline-Explanation": {
            "description": "With `explain=true`: what is explained, the method, the peak; JSON in ASCII.",
            "schema": {"type": "string"},
        },
    },
}
_MOST_IN_HEADER = 20


def check_explained(model: Served, asked: PredictParameters, exchange: Exchange) -> None:
    """Refuse what cannot be explained before the picture is read.

    Raises:
        MalformedRequest: a form, an unknown label or method, or more candidates than a header shall hold.
    """
    kind = exchange.headers.get(b"content-type", b"").lower()
    if kind.startswith((b"multipart/form-data", b"application/json")):
        raise MalformedRequest(
            "explain=true is answered with one PNG: send one image as the body, not a form."
        )
    if asked.neighbours or asked.embedding:
        raise MalformedRequest(
            "With explain=true the answer names no neighbours and no embedding. Ask for them without it."
        )
    if asked.top_k > _MOST_IN_HEADER:
        raise MalformedRequest(
            f"With explain=true the prediction is in a header: top_k up to {_MOST_IN_HEADER}."
        )
    try:
        check_label(asked.label, model.bundle.manifest)
        if asked.method == "class_activation":
            model.explainer.require_class_maps()
    except InputError as err:
        raise MalformedRequest(str(err)) from err


async def answer_explained(
    service: Service,
    exchange: Exchange,
    model: Served,
    image: bytes,
    asked: PredictParameters,
    waiting: Waiting,
) -> None:
    """Answer a request with a PNG of why.

    Raises:
        SightlineError: as without an explanation; `Overloaded` also where too many are explained.
    """
    explained = await service.explain(model, image, asked.label, asked.method or "rise", asked.top_k, waiting)
    timing = f"{server_timing([explained.prediction.timings])}, explain;dur={explained.spent_ms:.3f}"
    headers = [
        (b"sightline-prediction", _ascii(explained.prediction)),
        (b"sightline-explanation", _ascii(explained.summary)),
        (b"server-timing", timing.encode()),
    ]
    await exchange.answer(200, explained.png, b"image/png", headers)


def _ascii(record: Frozen) -> bytes:
    """JSON in ASCII, which is all that a header may hold; labels may have any letters."""
    return json.dumps(record.model_dump(mode="json"), separators=(",", ":")).encode("ascii")
