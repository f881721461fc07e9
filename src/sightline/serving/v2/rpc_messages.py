"""Requests and answers as gRPC's messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from tritonclient.grpc import service_pb2

from sightline.errors import MalformedRequest
from sightline.serving.v2.request import Asked, InferRequest, read_timeout, read_wishes, refuse_shared_memory
from sightline.serving.v2.tensors import Contract, Given, Tensor, read_pictures


def read_request(message: Any, contract: Contract) -> InferRequest:
    """Read a `ModelInferRequest`.

    Raises:
        MalformedRequest: it is not what the protocol says, or not what the contract says; the message names the field.
    """
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise MalformedRequest(
            f"raw_input_contents has {len(raw)} entries, inputs has {len(message.inputs)}; all inputs or none are raw."
        )
    given = [_input(one, f"inputs[{i}]", raw[i] if raw else None) for i, one in enumerate(message.inputs[:2])]
    asked = [Asked(one.name, _parameters(one.parameters)) for one in message.outputs]
    return InferRequest(
        read_pictures(given, contract),
        read_wishes(asked, contract, binary=True),
        message.id,
        read_timeout(_parameters(message.parameters)),
    )


def write_answer(tensors: Sequence[Tensor], model: str, version: str, request_id: str) -> Any:
    """A `ModelInferResponse` with raw outputs."""
    outputs = [
        service_pb2.ModelInferResponse.InferOutputTensor(
            name=one.name, datatype=one.datatype, shape=one.shape
        )
        for one in tensors
    ]
    return service_pb2.ModelInferResponse(
        model_name=model,
        model_version=version,
        id=request_id,
        outputs=outputs,
        raw_output_contents=[one.raw() for one in tensors],
    )


def _input(message: Any, where: str, raw: bytes | None) -> Given:
    refuse_shared_memory(_parameters(message.parameters), where)
    shape = list(message.shape[:9])
    if raw is not None:
        if message.HasField("contents"):
            raise MalformedRequest(f"{where} has both contents and raw_input_contents.")
        return Given(message.name, message.datatype, shape, memoryview(raw), None, where)
    contents = message.contents
    values = list(contents.bytes_contents if message.name == "image" else contents.uint_contents)
    return Given(message.name, message.datatype, shape, None, values, where)


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {name: one.WhichOneof("parameter_choice") for name, one in given.items()}
    return {name: getattr(given[name], field) for name, field in chosen.items() if field is not None}
