"""One call over gRPC, from its metadata to its count, its log line and its span."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

import grpc

from sightline.ids import new_id
from sightline.monitoring import CURRENT, RequestNotes
from sightline.serving.access import Access, log_access
from sightline.serving.failures import CLIENT_CLOSED_REQUEST
from sightline.serving.head import trace_parent
from sightline.serving.service import Service
from sightline.serving.spans import begin_named, end_noted

SERVICE: Final = "inference.GRPCInferenceService"

_CODES: Final[Mapping[int, grpc.StatusCode]] = {
    200: grpc.StatusCode.OK,
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    CLIENT_CLOSED_REQUEST: grpc.StatusCode.CANCELLED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Call:
    """One call on its way. Made in the task that answers it: what is noted under it belongs to it.

    headers
        Its metadata that is text.
    client
        The name of who asks, once that is known.
    status
        That of HTTP; 499 until it is answered, since what ends a call before that is its client.
    """

    def __init__(self, service: Service, method: str, context: Any) -> None:
        given = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        self.headers = {key.encode(): value.encode("utf-8", "replace") for key, value in given.items()}
        asked = given.get("x-request-id", "")
        self.id = asked if _REQUEST_ID.fullmatch(asked) else new_id()
        self.client, self.status = "", CLIENT_CLOSED_REQUEST
        self._service, self._method, self._started = service, method, time.monotonic()
        self._traceparent = trace_parent(self.headers) or ""
        self._notes = RequestNotes(self.id, self._traceparent.split("-")[1] if self._traceparent else None)
        self._span: Any = None
        if service.tracing is not None:
            self._span, own = begin_named(service.tracing, f"{SERVICE}/{method}", self.headers, self._notes)
            self._traceparent = own or self._traceparent
        CURRENT.set(self._notes)

    def trailing(self, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """The metadata that an answer ends with: the call's id, the span that it was answered under, and `more`."""
        trace = (("traceparent", self._traceparent),) if self._traceparent else ()
        return (("x-request-id", self.id), *trace, *more)

    def finish(self) -> None:
        """Count it, write it down and end its span."""
        service, notes, seconds = self._service, self._notes, time.monotonic() - self._started
        access = Access("gRPC", f"grpc/{self._method}", self.status, seconds, self.client)
        service.metrics.count_request(access.route, self.status, seconds, trace=notes.trace_id)
        if self._span is not None and service.tracing is not None:
            code = code_of(self.status)
            attributes = {
                "rpc.system": "grpc",
                "rpc.service": SERVICE,
                "rpc.method": self._method,
                "rpc.grpc.status_code": code.value[0],
            }
            fault = code.name if self.status >= 500 else None
            end_noted(service.tracing, self._span, attributes, notes, fault)
        log_access(access, notes, service.settings.log)


def code_of(status: int) -> grpc.StatusCode:
    """gRPC's code for a status of HTTP."""
    return _CODES.get(status, grpc.StatusCode.INTERNAL)
