"""Errors over HTTP: known ones by their status and stable code, unknown ones by an id that the log knows."""

import logging
import uuid

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sightline.errors import Overloaded, SightlineError
from sightline.serving.answers import ErrorBody, Problem, problem
from sightline.serving.service import Service

# Nobody reads it but the metrics; the number is nginx's.
_CLIENT_CLOSED_REQUEST = 499

log = logging.getLogger("sightline.serving")


def request_id(request: Request) -> str:
    """Return the id that this request goes by, the same each time it is asked for."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = uuid.uuid4().hex
    identifier: str = request.state.request_id
    return identifier


def install_failures(app: FastAPI, service: Service) -> None:
    """Let every error leave as an `ErrorBody`."""

    async def known(request: Request, err: Exception) -> JSONResponse:
        assert isinstance(err, SightlineError)
        described = problem(err, request_id(request))
        service.metrics.count_refusal(described.reason or described.code)
        headers = {"Retry-After": "1"} if isinstance(err, Overloaded) or err.status == 503 else None
        return _answer(described, err.status, headers)

    async def malformed(request: Request, err: Exception) -> JSONResponse:
        assert isinstance(err, RequestValidationError)
        mistakes = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors())
        return _answer(
            Problem(code="malformed_request", message=mistakes, request_id=request_id(request)), 400, None
        )

    async def http(request: Request, err: Exception) -> JSONResponse:
        assert isinstance(err, HTTPException)
        described = Problem(code="http_error", message=str(err.detail), request_id=request_id(request))
        return _answer(described, err.status_code, dict(err.headers or {}))

    async def gone(request: Request, err: Exception) -> Response:
        log.debug("request %s: the client went away", request_id(request))
        return Response(status_code=_CLIENT_CLOSED_REQUEST)

    async def unknown(request: Request, err: Exception) -> JSONResponse:
        identifier = request_id(request)
        log.error("request %s failed", identifier, exc_info=err)
        service.metrics.count_refusal("internal_error")
        message = "Something went wrong in the server; its log has the cause under this id."
        return _answer(Problem(code="internal_error", message=message, request_id=identifier), 500, None)

    app.add_exception_handler(SightlineError, known)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, unknown)


def _answer(described: Problem, status: int, headers: dict[str, str] | None) -> JSONResponse:
    return JSONResponse(ErrorBody(error=described).model_dump(), status_code=status, headers=headers)
