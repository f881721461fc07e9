"""`explain=true`: the overlay as the body, the answer in headers."""

import json
from typing import Any

from fastapi import Request, Response

from sightline.errors import InputError, MalformedRequest
from sightline.inference import check_label
from sightline.records import ExplanationMethod, Frozen
from sightline.serving.body import in_time, is_multipart, read_raw
from sightline.serving.service import Explained, Service
from sightline.serving.timing import server_timing

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


async def answer_explained(
    service: Service, request: Request, label: str | None, method: ExplanationMethod, top_k: int
) -> Response:
    """Answer a request with a PNG of why.

    Raises:
        MalformedRequest: a form, an unknown label or method, or more candidates than a header shall hold.
        SightlineError: as without an explanation; `Overloaded` also where too many are explained.
    """
    manifest, settings = service.predictor.bundle.manifest, service.settings
    if is_multipart(request):
        raise MalformedRequest(
            "explain=true is answered with one PNG: send one image as the body, not a form."
        )
    if top_k > _MOST_IN_HEADER:
        raise MalformedRequest(
            f"With explain=true the prediction is in a header: top_k up to {_MOST_IN_HEADER}."
        )
    try:
        check_label(label, manifest)
        if method == "class_activation":
            service.explainer.require_class_maps()
    except InputError as err:
        raise MalformedRequest(str(err)) from err
    limits = manifest.preprocessing.limits
    with service.admit(1), service.admit_explanation():
        async with in_time(settings.body_timeout_s):
            image = await read_raw(request, min(limits.max_bytes, settings.max_body_bytes))
        return _png(await service.explain(image, label, method, top_k))


def _png(explained: Explained) -> Response:
    timing = f"{server_timing([explained.prediction.timings])}, explain;dur={explained.spent_ms:.3f}"
    headers = {
        "Sightline-Prediction": _ascii(explained.prediction),
        "Sightline-Explanation": _ascii(explained.summary),
        "Server-Timing": timing,
    }
    return Response(explained.png, media_type="image/png", headers=headers)


def _ascii(record: Frozen) -> str:
    """JSON in ASCII, which is all that a header may hold; labels may have any letters."""
    return json.dumps(record.model_dump(mode="json"), separators=(",", ":"))
