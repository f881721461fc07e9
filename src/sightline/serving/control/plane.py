"""The control plane over HTTP: the repository extension of the Open Inference Protocol, for `admin` only."""

import asyncio
import json
from typing import Any, Literal

from fastapi import FastAPI, Request

from sightline import __version__
from sightline.errors import (
    BodyTimeout,
    BodyTooLarge,
    BundleError,
    InputError,
    MalformedRequest,
    MissingExtra,
    RequestError,
)
from sightline.records import Frozen
from sightline.serving.answers import ErrorBody, Health
from sightline.serving.control.changes import Changes
from sightline.serving.door import Door, find_nothing
from sightline.serving.exchange import Exchange
from sightline.serving.failures import install_failures
from sightline.serving.security import AuditLog, Caller, Guard, Scope, admin_only
from sightline.serving.service import Service

_LARGEST_BODY = 64 * 1024
_BODY_S = 10.0
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 403, 404, 408, 413, 422, 429, 500, 503)
}


class ModelState(Frozen):
    """A model that can be loaded, and whether it answers. `version` is its bundle's id."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str


class Loaded(Frozen):
    """A model that answers from now on, by the bundle of this id."""

    name: str
    bundle_id: str


def create_control(service: Service, changes: Changes, guard: Guard) -> Door:
    """Build the application of the control plane."""
    app = FastAPI(
        title="Sightline control plane",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_ERRORS,
    )

    @app.post("/v2/repository/index", response_model=list[ModelState])
    async def index(request: Request) -> list[ModelState]:
        """List the models that can be loaded, or with `{"ready": true}` those that answer."""
        asked = await _body(request, {"ready"})
        return _states(service, changes, bool(asked.get("ready")))

    @app.get("/v2/repository/index", response_model=list[ModelState])
    async def look() -> list[ModelState]:
        """List the models that can be loaded."""
        return _states(service, changes, ready_only=False)

    @app.post("/v2/repository/models/{name}/load", response_model=Loaded)
    async def load(name: str, request: Request) -> Loaded:
        """Load a model, or load it again, once its golden images agree; until then what has answered goes on."""
        if (await _body(request, {"parameters"})).get("parameters"):
            raise MalformedRequest("A model is loaded as its bundle is: 'parameters' stays empty.")
        model = await changes.load(name, *_asker(request))
        return Loaded(name=name, bundle_id=model.bundle.id)

    @app.post("/v2/repository/models/{name}/unload", response_model=dict[str, str])
    async def unload(name: str, request: Request) -> dict[str, str]:
        """Let a model answer no more; what it has begun it finishes."""
        await _body(request, {"parameters"})
        changes.unload(name, *_asker(request))
        return {}

    @app.get("/livez", response_model=Health)
    async def livez() -> Health:
        """Say that the process answers."""
        return Health(status="alive")

    install_failures(app, service, refused=(BundleError, InputError, MissingExtra))
    return Door(service, _Watched(guard, changes.audit), app, find=find_nothing, needs=admin_only)


class _Watched:
    """A guard whose refusals are written down."""

    def __init__(self, guard: Guard, audit: AuditLog) -> None:
        self._guard, self._audit = guard, audit

    async def admit(self, exchange: Exchange, scope: Scope | None) -> Caller:
        """Let a request in; see `Guard.admit`."""
        address = exchange.client
        try:
            return await self._guard.admit(exchange, scope)
        except RequestError as err:
            by = "" if exchange.client == address else exchange.client
            what = f"{exchange.scope['method']} {exchange.scope['path'][:200]}"
            self._audit.note(what, by, address, "refused", reason=err.code, request_id=exchange.id)
            raise


def _states(service: Service, changes: Changes, ready_only: bool) -> list[ModelState]:
    serving = {model.name: model.bundle.id for model in service.models}
    states = [
        ModelState(name=name, version=found, state="READY", reason="") for name, found in serving.items()
    ]
    if not ready_only:
        states += [
            ModelState(name=name, version="", state="UNAVAILABLE", reason="not loaded")
            for name in changes.repository
            if name not in serving
        ]
    return states


def _asker(request: Request) -> tuple[str, str, str]:
    where = request.client.host if request.client else ""
    return request.state.caller.name, where, request.state.request_id


async def _body(request: Request, known: set[str]) -> dict[str, Any]:
    """The JSON of a small body, or nothing where there is none."""
    data = b""
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                data += chunk
                if len(data) > _LARGEST_BODY:
                    raise BodyTooLarge(
                        f"The request body is larger than the limit of {_LARGEST_BODY:,} bytes."
                    )
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {_BODY_S:g} s.") from err
    try:
        asked = json.loads(data or b"{}")
    except (ValueError, RecursionError) as err:
        raise MalformedRequest(f"The body is no JSON: {err}.") from err
    if not isinstance(asked, dict) or not set(asked) <= known:
        raise MalformedRequest(f"The body is a JSON object with nothing but: {', '.join(known)}.")
    return asked
