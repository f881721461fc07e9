"""The protocol over gRPC, in the same event loop and before the same line as HTTP."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf.json_format import ParseDict
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc

from sightline.errors import InputError, Overloaded, SightlineError
from sightline.serving.answers import refusal_of
from sightline.serving.security import Caller, Guard, Scope, Tls
from sightline.serving.security.tls import Peer
from sightline.serving.service import Service
from sightline.serving.v2.answering import find_model, infer, version_of, within
from sightline.serving.v2.describing import (
    model_config,
    model_metadata,
    model_statistics,
    repository_index,
    server_metadata,
)
from sightline.serving.v2.rpc_calls import Call, code_of
from sightline.serving.v2.rpc_credentials import credentials_of
from sightline.serving.v2.rpc_messages import read_request, write_answer
from sightline.serving.v2.tensors import contract_of
from sightline.serving.work import Waiting

log = logging.getLogger("sightline.serving")

_PEER = re.compile(r"ipv[46]:\[?([^\]]*?)\]?:\d+")


_SCOPES: Final[Mapping[str, Scope | None]] = {
    "ServerLive": None,
    "ServerReady": None,
    "ModelInfer": "predict",
}
"""What the methods take; those that are not here take `read`."""


async def start_rpc(service: Service, guard: Guard, tls: Tls | None = None) -> tuple[grpc.aio.Server, int]:
    """Listen on the port of the settings, encrypted where there is `tls`; return the server and the port.

    Raises:
        InputError: the port cannot be had.
    """
    settings = service.settings
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", settings.max_body_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_metadata_size", settings.max_header_bytes),
            ("grpc.so_reuseport", 0),
        ],
        # Each may hold a whole body before it is looked at.
        maximum_concurrent_rpcs=max(1, settings.max_buffered_bytes // settings.max_body_bytes)
        + settings.max_images,
    )
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(_Servicer(service, guard), server)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"{host}:{settings.grpc_port}"
    try:
        port = (
            server.add_insecure_port(address)
            if tls is None
            else server.add_secure_port(address, credentials_of(tls))
        )
    except RuntimeError as err:
        raise InputError(
            f"The server cannot listen on {address} for gRPC. Choose another with --grpc-port; 0 takes a free one."
        ) from err
    await server.start()
    return server, port


class _Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Methods that are not here answer UNIMPLEMENTED: shared memory, streams, tracing, load and unload."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self._service, self._guard = service, guard
        for method in service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods:
            setattr(self, method.name, partial(_refuse, method.name))
        for name, work in self._methods().items():
            setattr(self, name, partial(self._answer, name, work))

    def _methods(self) -> Mapping[str, Callable[[Any, Any, Caller], Awaitable[Any]]]:
        return {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ServerMetadata": self._server,
            "ModelReady": self._model_ready,
            "ModelMetadata": self._metadata,
            "ModelConfig": self._config,
            "ModelStatistics": self._statistics,
            "RepositoryIndex": self._index,
            "ModelInfer": self._infer,
        }

    async def _answer(
        self, name: str, work: Callable[[Any, Any, Caller], Awaitable[Any]], request: Any, context: Any
    ) -> Any:
        """Do it, count it, and let an error leave with a status, and our code in the trailing metadata."""
        call = Call(self._service, name, context)
        try:
            caller = await self._guard.let_in(call.headers, _peer(context), _SCOPES.get(name, "read"))
            call.client = caller.name
            answer = await work(request, context, caller)
            context.set_trailing_metadata(call.trailing())
            call.status = 200
            return answer
        except SightlineError as err:
            call.status = err.status
            self._service.refuse(refusal_of(err))
            more = [("sightline-error-code", err.code)]
            if isinstance(err, Overloaded):
                more.append(("retry-after", str(err.retry_after_s)))
            await context.abort(code_of(err.status), str(err), call.trailing(*more))
        except grpc.aio.AbortError:
            raise
        except ConnectionAbortedError:
            await context.abort(grpc.StatusCode.CANCELLED, "The client went away.")
        except Exception as err:  # the last place to answer it
            call.status = 500
            log.error("request %s failed", call.id, exc_info=err)
            self._service.refuse("internal_error")
            message = f"Something went wrong in the server; its log has the cause under the id {call.id}."
            await context.abort(grpc.StatusCode.INTERNAL, message, call.trailing())
        finally:
            call.finish()

    async def _live(self, _request: Any, _context: Any, _caller: Caller) -> Any:
        return service_pb2.ServerLiveResponse(live=True)

    async def _ready(self, _request: Any, _context: Any, _caller: Caller) -> Any:
        return service_pb2.ServerReadyResponse(ready=self._service.state == "ready")

    async def _server(self, _request: Any, _context: Any, _caller: Caller) -> Any:
        return service_pb2.ServerMetadataResponse(**server_metadata())

    async def _model_ready(self, request: Any, _context: Any, _caller: Caller) -> Any:
        find_model(self._service, request.name, request.version)
        return service_pb2.ModelReadyResponse(ready=self._service.state == "ready")

    async def _metadata(self, request: Any, _context: Any, _caller: Caller) -> Any:
        model = find_model(self._service, request.name, request.version)
        return ParseDict(model_metadata(self._service, model), service_pb2.ModelMetadataResponse())

    async def _config(self, request: Any, _context: Any, _caller: Caller) -> Any:
        model = find_model(self._service, request.name, request.version)
        config = ParseDict(model_config(self._service, model), model_config_pb2.ModelConfig())
        return service_pb2.ModelConfigResponse(config=config)

    async def _statistics(self, request: Any, _context: Any, _caller: Caller) -> Any:
        models = (
            [find_model(self._service, request.name, request.version)]
            if request.name
            else list(self._service.models)
        )
        document = {"model_stats": [model_statistics(self._service, one) for one in models]}
        return ParseDict(document, service_pb2.ModelStatisticsResponse())

    async def _index(self, request: Any, _context: Any, _caller: Caller) -> Any:
        index = [
            one for one in repository_index(self._service) if one["state"] == "READY" or not request.ready
        ]
        return ParseDict({"models": index}, service_pb2.RepositoryIndexResponse())

    async def _infer(self, request: Any, context: Any, caller: Caller) -> Any:
        service = self._service
        started = asyncio.get_running_loop().time()
        model = find_model(service, request.model_name, request.model_version)
        service.require_room()
        with service.buffer() as count:
            count(request.ByteSize())
            wanted = read_request(request, contract_of(model, service.settings.max_files))
            limit_s, left_s = service.settings.request_timeout_s, context.time_remaining()
            seconds = [one for one in (limit_s, left_s) if one is not None]
            deadline = started + min(seconds, default=float("inf"))
            client = caller.name or _address(context.peer())
            owe = Waiting().owe if caller.bucket is None else caller.bucket.owe
            waiting = Waiting(client, caller.urgent, deadline, context.cancelled, owe)
            tensors = await infer(service, model, wanted, within(waiting, started, wanted.timeout_s))
        return write_answer(tensors, model.name, version_of(model), wanted.id)


async def _refuse(name: str, _request: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{name} is not offered here.")


def _address(peer: str) -> str:
    found = _PEER.fullmatch(peer)
    return found[1] if found else peer


def _peer(context: Any) -> Peer | None:
    """The client's certificate as far as it names the client; None: it showed none."""
    names = context.auth_context().get("x509_common_name", ())
    return (
        {"subject": [[("commonName", name.decode("utf-8", "replace"))] for name in names]} if names else None
    )
