"""The protocol's paths under `/v2`, and who answers them."""

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from sightline.errors import MalformedRequest, NotReady, SightlineError
from sightline.serving.body import read_whole
from sightline.serving.exchange import Exchange
from sightline.serving.failures import NoSuchMethod
from sightline.serving.predicting import wait_for
from sightline.serving.service import Service
from sightline.serving.v2.answering import find_model, infer, version_of, within
from sightline.serving.v2.describing import (
    Description,
    model_config,
    model_metadata,
    model_statistics,
    repository_index,
    server_metadata,
)
from sightline.serving.v2.json_body import parse_request, render_answer
from sightline.serving.v2.request import InferRequest
from sightline.serving.v2.tensors import Contract, contract_of

Handler = Callable[[Service, Exchange], Awaitable[None]]

_LONG: Final = 256 * 1024
"""From so many bytes of JSON on, a thread reads it: the event loop has others to attend to."""
_MANY: Final = 20_000
"""From so many numbers on, a thread writes them."""
_OF_MODEL = re.compile(r"/v2/models/([^/]+)(/versions/([^/]+))?(/infer|/ready|/config|/stats)?")
_JSON_LENGTH: Final = b"inference-header-content-length"


class NoSuchRoute(SightlineError):
    """There is no such path under `/v2`."""

    code = "http_error"
    status = 404


def find_route(method: str, path: str) -> tuple[str, Handler]:
    """Who answers, and what the path is called in metrics."""
    if path in _PLAIN:
        allowed, handler = _PLAIN[path]
        return path, handler if method in allowed else partial(_refuse_method, allowed=allowed)
    found = _OF_MODEL.fullmatch(path)
    if found is None:
        return "/v2/unknown", _refuse_path
    name, version, what = found[1], found[3], found[4] or ""
    route = "/v2/models/{model}" + ("/versions/{version}" if version else "") + what
    allowed, of_model = _OF_ONE[what]
    if method not in allowed:
        return route, partial(_refuse_method, allowed=allowed)
    return route, partial(of_model, name=name, version=version)


async def _infer(service: Service, exchange: Exchange, name: str, version: str | None) -> None:
    model = find_model(service, name, version)
    settings = service.settings
    waiting = wait_for(service, exchange)
    if exchange.headers.get(b"content-encoding", b"identity") != b"identity":
        raise MalformedRequest(
            "Content-Encoding: bodies are taken as they are; pictures are compressed already."
        )
    service.require_room()
    with service.buffer() as count:
        body = await read_whole(exchange, settings.max_body_bytes, settings.body_timeout_s, count)
        contract = contract_of(model, settings.max_files)
        request = await _parse(body, exchange.headers.get(_JSON_LENGTH), contract)
        tensors = await infer(service, model, request, within(waiting, exchange.started, request.timeout_s))
    head = {"model_name": model.name, "model_version": version_of(model)}
    if request.id:
        head["id"] = request.id
    numbers = sum(math.prod(one.shape) for one in tensors)
    render = partial(render_answer, tensors, request.outputs, head)
    content, length = await asyncio.to_thread(render) if numbers > _MANY else render()
    if length is None:
        await exchange.answer(200, content)
    else:
        header = (_JSON_LENGTH, str(length).encode())
        await exchange.answer(200, content, b"application/octet-stream", [header])


async def _parse(body: bytes, header_length: bytes | None, contract: Contract) -> InferRequest:
    if len(body) < _LONG or (
        header_length is not None and header_length.isdigit() and len(header_length) < 6
    ):
        return parse_request(body, header_length, contract)
    return await asyncio.to_thread(parse_request, body, header_length, contract)


async def _metadata(service: Service, exchange: Exchange, name: str, version: str | None) -> None:
    await _answer(exchange, model_metadata(service, find_model(service, name, version)))


async def _config(service: Service, exchange: Exchange, name: str, version: str | None) -> None:
    await _answer(exchange, model_config(service, find_model(service, name, version)))


async def _stats(service: Service, exchange: Exchange, name: str, version: str | None) -> None:
    model = find_model(service, name, version)
    await _answer(exchange, {"model_stats": [model_statistics(service, model)]})


async def _all_stats(service: Service, exchange: Exchange) -> None:
    await _answer(exchange, {"model_stats": [model_statistics(service, one) for one in service.models]})


async def _model_ready(service: Service, exchange: Exchange, name: str, version: str | None) -> None:
    model = find_model(service, name, version)
    _require_ready(service)
    await _answer(exchange, {"name": model.name, "ready": True})


async def _ready(service: Service, exchange: Exchange) -> None:
    _require_ready(service)
    await _answer(exchange, {"ready": True})


async def _live(_: Service, exchange: Exchange) -> None:
    await _answer(exchange, {"live": True})


async def _server(_: Service, exchange: Exchange) -> None:
    await _answer(exchange, server_metadata())


async def _index(service: Service, exchange: Exchange) -> None:
    body = await read_whole(exchange, 4096, service.settings.body_timeout_s, lambda _: None)
    try:
        asked = json.loads(body or b"{}")
    except (ValueError, RecursionError) as err:
        raise MalformedRequest("The body is no JSON.") from err
    only_ready = asked.get("ready", False) if isinstance(asked, dict) else None
    if not isinstance(only_ready, bool):
        raise MalformedRequest("'ready' is true or false.")
    index = repository_index(service)
    await _answer(exchange, [one for one in index if one["state"] == "READY" or not only_ready])


async def _refuse_path(_: Service, exchange: Exchange) -> None:
    raise NoSuchRoute("There is no such path; docs/v2.md lists what there is.")


async def _refuse_method(_: Service, exchange: Exchange, allowed: Sequence[str]) -> None:
    raise NoSuchMethod(f"{str(exchange.scope['method'])[:20]} is not for this path.", allowed)


def _require_ready(service: Service) -> None:
    if service.state != "ready":
        raise NotReady(f"The server is {service.state}.")


async def _answer(exchange: Exchange, document: Description | list[Description]) -> None:
    await exchange.answer(200, json.dumps(document).encode())


_GET: Final = ("GET", "HEAD")
_PLAIN: Final[dict[str, tuple[tuple[str, ...], Handler]]] = {
    "/v2": (_GET, _server),
    "/v2/health/live": (_GET, _live),
    "/v2/health/ready": (_GET, _ready),
    "/v2/models/stats": (_GET, _all_stats),
    "/v2/repository/index": (("POST",), _index),
}
_OF_ONE: Final[dict[str, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    "": (_GET, _metadata),
    "/ready": (_GET, _model_ready),
    "/config": (_GET, _config),
    "/stats": (_GET, _stats),
    "/infer": (("POST",), _infer),
}
