"""Errors over HTTP: known ones by their status and stable code, unknown ones by an id that the log knows."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sightline.errors import BodyTimeout, Forbidden, Overloaded, SightlineError, Unauthorized
from sightline.serving.answers import ErrorBody, Problem, problem, refusal_of
from sightline.serving.exchange import ClientGone, Exchange
from sightline.serving.head import Headers
from sightline.serving.security import challenge
from sightline.serving.service import Service

CLIENT_CLOSED_REQUEST: Final = 499
"""Nobody reads it but the metrics; the number is nginx's."""

_MOST_DISCARDED = 4 * 1024 * 1024

log = logging.getLogger("sightline.serving")


class NoSuchMethod(SightlineError):
    """A path is there, but not by this method; `allowed` are those by which it is."""

    code = "http_error"
    status = 405

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        super().__init__(message)
        self.allowed = allowed


Shape = Callable[[Problem], tuple[bytes, Headers]]
"""How an error is put into a body and headers."""


def shape_usual(problem: Problem) -> tuple[bytes, Headers]:
    """An error as our own API has it."""
    return ErrorBody(error=problem).model_dump_json().encode(), ()


async def answer_failure(
    service: Service, exchange: Exchange, err: Exception, shape: Shape = shape_usual
) -> None:
    """Answer a request with what went wrong, or log it where an answer has begun: the server then cuts it off."""
    if isinstance(err, ClientGone | ConnectionAbortedError):
        log.debug("request %s: the client went away", exchange.id)
        exchange.status = CLIENT_CLOSED_REQUEST
        service.metrics.count_gone()
        return
    if exchange.status:
        if exchange.status != 500:  # else FastAPI has answered, and it is logged
            log.error("request %s failed while it was answered", exchange.id, exc_info=err)
        return
    status, described, headers = describe(service, exchange.id, err)
    late = isinstance(err, BodyTimeout)  # it has had its time
    if late or not await exchange.discard(_MOST_DISCARDED, service.settings.body_timeout_s):
        headers["connection"] = "close"
    body, more = shape(described)
    pairs = [*more, *((name.encode(), value.encode()) for name, value in headers.items())]
    await exchange.answer(status, body, headers=pairs)


def describe(service: Service, request_id: str, err: Exception) -> tuple[int, Problem, dict[str, str]]:
    """The status, the body and the headers of an error; it is counted, and logged if nobody expected it."""
    if not isinstance(err, SightlineError):
        log.error("request %s failed", request_id, exc_info=err)
        service.refuse("internal_error")
        message = "Something went wrong in the server; its log has the cause under this id."
        return 500, Problem(code="internal_error", message=message, request_id=request_id), {}
    service.refuse(refusal_of(err))
    if isinstance(err, Unauthorized | Forbidden):
        return err.status, problem(err, request_id), {"www-authenticate": challenge(err)}
    if isinstance(err, NoSuchMethod):
        return err.status, problem(err, request_id), {"allow": ", ".join(err.allowed)}
    wait_s = err.retry_after_s if isinstance(err, Overloaded) else 1 if err.status == 503 else None
    return err.status, problem(err, request_id), {} if wait_s is None else {"retry-after": str(wait_s)}


def install_failures(app: FastAPI, service: Service, refused: tuple[type[SightlineError], ...] = ()) -> None:
    """Let every error of FastAPI's routes leave as an `ErrorBody`.

    refused
        Errors that are here about what the request names, and so 422, whatever they are elsewhere.
    """

    async def ours(request: Request, err: Exception) -> JSONResponse:
        status, described, headers = describe(service, request.state.request_id, err)
        if isinstance(err, refused):
            status = 422
        return JSONResponse(ErrorBody(error=described).model_dump(), status_code=status, headers=headers)

    async def malformed(request: Request, err: Exception) -> JSONResponse:
        assert isinstance(err, RequestValidationError)
        mistakes = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors())
        return _json(request, "malformed_request", mistakes, 400, {})

    async def http(request: Request, err: Exception) -> JSONResponse:
        assert isinstance(err, HTTPException)
        return _json(request, "http_error", str(err.detail), err.status_code, dict(err.headers or {}))

    app.add_exception_handler(SightlineError, ours)
    app.add_exception_handler(Exception, ours)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)


def _json(request: Request, code: str, message: str, status: int, headers: dict[str, str]) -> JSONResponse:
    described = Problem(code=code, message=message, request_id=request.state.request_id)
    return JSONResponse(ErrorBody(error=described).model_dump(), status_code=status, headers=headers)
