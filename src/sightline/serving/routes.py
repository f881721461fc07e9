"""The routes of the API."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from sightline import __version__
from sightline.errors import ImageError, MalformedRequest, NotReady
from sightline.records import ExplanationMethod, Prediction, Timings
from sightline.serving.answers import ErrorBody, FileResult, FormAnswer, Health, ModelInfo, problem
from sightline.serving.body import Upload, in_time, is_multipart, read_raw, read_uploads
from sightline.serving.explaining import OVERLAY, answer_explained
from sightline.serving.failures import request_id
from sightline.serving.parameters import check_parameters
from sightline.serving.service import Service
from sightline.serving.timing import server_timing

_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
}
# A form of nothing but bad files is answered with its results and the status of the first.
_ERRORS: dict[int | str, dict[str, Any]] = {
    **{status: {"model": ErrorBody | FormAnswer} for status in (413, 415, 422)},
    **{status: {"model": ErrorBody} for status in (400, 408, 429, 500, 503)},
}


def build_routes(service: Service) -> APIRouter:
    """Return all routes of one service."""
    router = APIRouter()

    @router.post(
        "/v1/predict",
        response_model=Prediction | FormAnswer,
        responses={200: OVERLAY, **_ERRORS},
        dependencies=[Depends(check_parameters)],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "image/*": _IMAGE,
                    "application/octet-stream": _IMAGE,
                    "multipart/form-data": _FORM,
                },
            }
        },
    )
    async def predict(
        request: Request,
        top_k: Annotated[int, Query(ge=1, le=1000)] = 5,
        explain: Annotated[bool, Query(description="Answer with a PNG that shows why.")] = False,
        label: Annotated[
            str | None, Query(description="With explain: explain this label and not the answer.")
        ] = None,
        method: Annotated[
            ExplanationMethod | None,
            Query(description="With explain: rise, the default, points best; class_activation is faster."),
        ] = None,
        neighbours: Annotated[int, Query(ge=0, le=100)] = 0,
    ) -> Response:
        """Classify one image sent as the body, or one or more sent as files of a multipart form.

        What the bytes are decides, whatever the content type says. A raw body is answered with the prediction
        itself; a form with a list of results in the order sent, where a bad file has an error and the others
        go on. If every file of a form is bad, the status is that of the first. `neighbours` asks for so many of the
        training images that the network finds most like the image.

        With `explain=true` a raw body is answered with a PNG: the picture in grey, and in colour where the evidence
        for the answer lies. The prediction is then in the header `Sightline-Prediction`.
        """
        for name, value in (("label", label), ("method", method)):
            if value is not None and not explain:
                raise MalformedRequest(f"{name} is about the explanation: it belongs to explain=true.")
        if neighbours and explain:
            raise MalformedRequest(
                "With explain=true the answer names no neighbours. Ask for them without it."
            )
        if explain:
            return await answer_explained(service, request, label, method or "rise", top_k)
        settings = service.settings
        with service.admit(1):
            if is_multipart(request):
                async with in_time(settings.body_timeout_s):
                    uploads = await read_uploads(request, settings.max_body_bytes, settings.max_files)
                with service.admit(len(uploads) - 1):
                    return await _answer_form(service, request, uploads, top_k, neighbours)
            limits = service.predictor.bundle.manifest.preprocessing.limits
            async with in_time(settings.body_timeout_s):
                image = await read_raw(request, min(limits.max_bytes, settings.max_body_bytes))
            prediction = await service.predict(image, top_k, neighbours)
            return _json(prediction.model_dump_json(), [prediction.timings])

    @router.get("/v1/model", response_model=ModelInfo)
    async def model() -> ModelInfo:
        """Describe the bundle in service."""
        bundle = service.predictor.bundle
        manifest = bundle.manifest
        return ModelInfo(
            name=manifest.name,
            bundle_id=bundle.id,
            task=manifest.task,
            labels=manifest.labels,
            variant=manifest.default_variant,
            preprocessing=manifest.preprocessing,
            decision=manifest.decision,
            metrics=manifest.metrics,
            sightline_version=__version__,
        )

    @router.head("/livez", include_in_schema=False)
    @router.get("/livez", response_model=Health)
    async def livez() -> Health:
        """Say that the process answers."""
        return Health(status="alive")

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=Health, responses={503: {"model": ErrorBody}})
    async def readyz() -> Health:
        """Say whether the golden images agree and the graph is warm."""
        if service.state != "ready":
            raise NotReady(f"The server is {service.state}.")
        return Health(status="ready")

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(service.metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _answer_form(
    service: Service, request: Request, uploads: list[Upload], top_k: int, neighbours: int
) -> Response:
    outcomes = await asyncio.gather(
        *(service.predict(upload.data, top_k, neighbours) for upload in uploads), return_exceptions=True
    )
    results, timings = [], []
    for upload, outcome in zip(uploads, outcomes, strict=True):
        if isinstance(outcome, Prediction):
            results.append(FileResult(file=upload.name, prediction=outcome))
            timings.append(outcome.timings)
        elif isinstance(outcome, ImageError):
            service.metrics.count_refusal(outcome.reason)
            results.append(FileResult(file=upload.name, error=problem(outcome, request_id(request))))
        else:
            raise outcome
    refusals = [outcome for outcome in outcomes if isinstance(outcome, ImageError)]
    status = refusals[0].status if len(refusals) == len(outcomes) else 200
    return _json(FormAnswer(results=results).model_dump_json(), timings, status)


def _json(body: str, timings: list[Timings], status: int = 200) -> Response:
    response = Response(body, status_code=status, media_type="application/json")
    if timings:
        response.headers["Server-Timing"] = server_timing(timings)
    return response
