"""The routes that `Door` answers, as the OpenAPI document has them: only their signatures and words are read."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from sightline.records import Prediction
from sightline.serving.answers import Embedding, EmbeddingsAnswer, ErrorBody, FormAnswer
from sightline.serving.explaining import OVERLAY
from sightline.serving.parameters import EmbedParameters, PredictParameters
from sightline.serving.v2 import described as v2

_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
}
_BASE64 = {"type": "string", "format": "byte", "description": "An encoded picture, base64."}
_NAMED = {
    "type": "object",
    "required": ["data"],
    "properties": {"name": {"type": "string"}, "data": _BASE64},
    "additionalProperties": False,
}
_LINKED = {
    "type": "object",
    "required": ["url"],
    "properties": {"name": {"type": "string"}, "url": {"type": "string", "format": "uri"}},
    "additionalProperties": False,
    "description": "An encoded picture elsewhere, at one of the hosts that this server may fetch from.",
}
_PICTURE = {"oneOf": [_BASE64, _NAMED, _LINKED]}
_JSON = {
    "schema": {
        "oneOf": [
            {
                "type": "object",
                "required": ["image"],
                "properties": {"image": _PICTURE},
                "additionalProperties": False,
            },
            {
                "type": "object",
                "required": ["images"],
                "properties": {"images": {"type": "array", "items": _PICTURE, "minItems": 1}},
                "additionalProperties": False,
            },
        ]
    },
    # One transparent pixel, so that it works as it stands.
    "example": {
        "image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    },
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": _IMAGE,
            "application/octet-stream": _IMAGE,
            "multipart/form-data": _FORM,
            "application/json": _JSON,
        },
    },
    "parameters": [
        {
            "name": "X-Request-Timeout-Ms",
            "in": "header",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 3_600_000},
            "description": "Answer within so many milliseconds or with 504.",
        },
        {
            "name": "X-Request-Id",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
            "description": "Comes back in the answer, and stands in the log.",
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "A request sent again with the same key has the answer of the first, for ten minutes.",
        },
    ],
}


def errors_of(several: type[Any]) -> dict[int | str, dict[str, Any]]:
    """The errors of a route that takes pictures, several of which are answered by this model."""
    # Nothing but bad pictures is answered with their results and the status of the first.
    return {
        **{status: {"model": ErrorBody | several} for status in (413, 415, 422, 504)},
        **{status: {"model": ErrorBody} for status in (400, 401, 403, 404, 408, 429, 431, 500, 503)},
    }


def describe_direct() -> APIRouter:
    """Return routes that are never called."""
    router = APIRouter()

    @router.post(
        "/v1/predict",
        response_model=Prediction | FormAnswer,
        responses={200: OVERLAY, **errors_of(FormAnswer)},
        openapi_extra=BODY,
    )
    async def predict(asked: Annotated[PredictParameters, Query()]) -> None:
        """Classify one image sent as the body, or several sent as files of a multipart form or in JSON.

        What the bytes are decides, whatever the content type says. A raw body, and `{"image": …}`, is answered with the
        prediction itself; a form, and `{"images": […]}`, with a list of results in the order sent, where a bad file has
        an error and the others go on. If every file is bad, the status is that of the first. With
        `Accept: application/x-ndjson` the results of several come as lines of JSON, each as soon as it is there.

        With `explain=true` a raw body is answered with a PNG: the picture in grey, and in colour where the evidence
        for the answer lies. The prediction is then in the header `Sightline-Prediction`.
        """
        raise v2.NEVER

    @router.post(
        "/v1/embed",
        response_model=Embedding | EmbeddingsAnswer,
        responses=errors_of(EmbeddingsAnswer),
        openapi_extra=BODY,
    )
    async def embed(asked: Annotated[EmbedParameters, Query()]) -> None:
        """Give the vector that the head classifies by, of one image or several, sent as to `/v1/predict`."""
        raise v2.NEVER

    v2.describe(router)
    return router
