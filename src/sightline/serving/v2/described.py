"""The protocol's routes as the OpenAPI document has them: only their signatures and words are read."""

from typing import Any, Final

from fastapi import APIRouter, HTTPException

from sightline.records import Frozen

NEVER: Final = HTTPException(404)
"""What only describes a route is reached all the same, by a path with a line's end behind it."""

_TAG: Final = "Open Inference Protocol V2"


class Refusal(Frozen):
    """The body of every answer under `/v2` that is not 200; headers have our code and reason."""

    error: str


_NOT_LET_IN: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Refusal} for status in (401, 403, 429)
}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    **_NOT_LET_IN,
    **{status: {"model": Refusal} for status in (400, 404, 408, 413, 415, 422, 500, 503, 504)},
}
_INFER: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["inputs"]},
                # One transparent pixel, so that it works as it stands.
                "example": {
                    "inputs": [
                        {
                            "name": "image",
                            "shape": [1],
                            "datatype": "BYTES",
                            "data": [
                                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E"
                                "rkJggg=="
                            ],
                        }
                    ],
                    "outputs": [{"name": "label"}, {"name": "probability"}],
                },
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {
            "name": "Inference-Header-Content-Length",
            "in": "header",
            "required": False,
            "schema": {"type": "integer", "minimum": 0},
            "description": "So many bytes of the body are JSON; behind them lie the tensors sent as bytes.",
        }
    ],
}


def describe(router: APIRouter) -> None:
    """Add routes that are never called."""

    @router.post("/v2/models/{model}/infer", tags=[_TAG], responses=_REFUSALS, openapi_extra=_INFER)
    @router.post("/v2/models/{model}/versions/{version}/infer", include_in_schema=False)
    async def infer(model: str) -> dict[str, Any]:
        """Classify pictures: `image` (BYTES `[N]`, encoded; in JSON base64) or `images` (UINT8 `[N, H, W, 3]`)."""
        raise NEVER

    @router.get("/v2", tags=[_TAG], responses=_NOT_LET_IN)
    async def server() -> dict[str, Any]:
        """Say what the server is, and which extensions of the protocol it has."""
        raise NEVER

    @router.get("/v2/health/live", tags=[_TAG])
    async def live() -> dict[str, bool]:
        """Say that the process answers."""
        raise NEVER

    @router.get("/v2/health/ready", tags=[_TAG], responses={503: {"model": Refusal}})
    async def ready() -> dict[str, bool]:
        """Say whether all models are ready."""
        raise NEVER

    for path, what in (
        ("", "Describe the model's tensors."),
        ("/ready", "Say whether the model is ready."),
        ("/config", "Give the model's configuration as Triton has it."),
        ("/stats", "Give the model's counts and durations as Triton has them."),
    ):
        router.add_api_route(
            f"/v2/models/{{model}}{path}",
            _of_model,
            tags=[_TAG],
            summary=what,
            responses={404: {"model": Refusal}, **_NOT_LET_IN},
        )

    @router.post("/v2/repository/index", tags=[_TAG], responses=_NOT_LET_IN)
    async def index() -> list[dict[str, str]]:
        """List the models in service."""
        raise NEVER


async def _of_model(model: str) -> dict[str, Any]:
    raise NEVER
