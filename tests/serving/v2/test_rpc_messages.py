import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2

from sightline.errors import MalformedRequest
from sightline.serving.v2.rpc_messages import read_request
from sightline.serving.v2.tensors import Contract

CONTRACT = Contract(1, 1, 2, {"label": ("BYTES", ()), "probabilities": ("FP32", (3,))})


def message(name="image", datatype="BYTES", shape=(1,), raw=(), outputs=(), **contents):
    given = service_pb2.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    if contents:
        given.contents.CopyFrom(service_pb2.InferTensorContents(**contents))
    asked = [service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=one) for one in outputs]
    return service_pb2.ModelInferRequest(inputs=[given], outputs=asked, raw_input_contents=raw)


def test_pictures_come_as_contents_or_raw():
    assert read_request(message(bytes_contents=[b"x"]), CONTRACT).images == [b"x"]
    assert read_request(message(raw=[b"\1\0\0\0x"]), CONTRACT).images == [b"x"]
    pixels = message("images", "UINT8", (1, 1, 1, 3), uint_contents=[1, 2, 255])
    assert read_request(pixels, CONTRACT).images[0].ravel().tolist() == [1, 2, 255]


@pytest.mark.parametrize(
    "given, expected",
    [
        (message(raw=[b"", b""]), "raw_input_contents has 2 entries"),
        (message(raw=[b"\0\0\0\0"], bytes_contents=[b"x"]), "both contents and raw"),
        (message("images", "UINT8", (1, 1, 1, 3), uint_contents=[1, 2, 256]), "whole numbers from 0 to 255"),
        (message(shape=(-(2**63),)), "shape has -9223372036854775808"),
        (service_pb2.ModelInferRequest(), "'inputs' holds one tensor"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_wrong_is_named(given, expected):
    with pytest.raises(MalformedRequest, match=expected):
        read_request(given, CONTRACT)


@given(
    name=st.sampled_from(["image", "images", ""]),
    datatype=st.sampled_from(["BYTES", "UINT8", "FP32", ""]),
    shape=st.lists(st.sampled_from([0, 1, 2, 3, -1, 2**62]), max_size=10),
    raw=st.lists(st.binary(max_size=9), max_size=2),
    outputs=st.lists(st.sampled_from(["label", "probabilities", "x"]), max_size=3),
    numbers=st.lists(st.integers(0, 300), max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_read_or_refused(name, datatype, shape, raw, outputs, numbers):
    contents = {"uint_contents": numbers} if numbers else {}
    with contextlib.suppress(MalformedRequest):
        assert read_request(message(name, datatype, shape, raw, outputs, **contents), CONTRACT).images
