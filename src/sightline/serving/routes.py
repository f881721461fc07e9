"""The routes of the API that carry no pictures."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from sightline import __version__
from sightline.errors import NotReady
from sightline.serving.answers import ErrorBody, Health, ModelInfo, ModelList
from sightline.serving.models import Served
from sightline.serving.service import Service

_NOT_LET_IN: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ErrorBody} for status in (401, 403, 429)
}


def build_routes(service: Service) -> APIRouter:
    """Return all routes of one service."""
    router = APIRouter()

    @router.get("/v1/model", response_model=ModelInfo, responses=_NOT_LET_IN)
    async def model() -> ModelInfo:
        """Describe the model that answers where none is named."""
        return _describe(service.models.find())

    @router.get("/v1/models", response_model=ModelList, responses=_NOT_LET_IN)
    async def models() -> ModelList:
        """Describe all models in service; the first answers where none is named."""
        return ModelList(models=[_describe(one) for one in service.models])

    @router.get(
        "/v1/models/{name}",
        response_model=ModelInfo,
        responses={404: {"model": ErrorBody}, **_NOT_LET_IN},
    )
    async def named(name: str) -> ModelInfo:
        """Describe one model."""
        return _describe(service.models.find(name))

    @router.head("/livez", include_in_schema=False)
    @router.get("/livez", response_model=Health)
    async def livez() -> Health:
        """Say that the process answers."""
        return Health(status="alive")

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=Health, responses={503: {"model": ErrorBody}})
    async def readyz() -> Health:
        """Say whether the golden images agree and the graphs are warm."""
        if service.state != "ready":
            raise NotReady(f"The server is {service.state}.")
        return Health(status="ready")

    @router.get("/metrics", response_class=Response, responses=_NOT_LET_IN)
    async def metrics(request: Request) -> Response:
        """Metrics in Prometheus' text format, or as OpenMetrics where `Accept` asks for that."""
        accept = request.headers.get("accept", "")
        if service.siblings is None:
            text, content_type = service.metrics.render(accept)
        else:
            text, content_type = await service.siblings.render(accept)
        return Response(text, headers={"content-type": content_type})

    return router


def _describe(model: Served) -> ModelInfo:
    manifest = model.bundle.manifest
    return ModelInfo(
        name=model.name,
        bundle=manifest.name,
        bundle_id=model.bundle.id,
        task=manifest.task,
        labels=manifest.labels,
        variant=manifest.default_variant,
        max_batch_size=model.batch_size,
        preprocessing=manifest.preprocessing,
        decision=manifest.decision,
        metrics=manifest.metrics,
        sightline_version=__version__,
    )
