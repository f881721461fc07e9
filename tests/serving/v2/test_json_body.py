import base64
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.errors import MalformedRequest
from sightline.serving.v2.json_body import parse_request, render_answer
from sightline.serving.v2.request import InferRequest, Wanted
from sightline.serving.v2.tensors import Contract, Tensor

CONTRACT = Contract(
    2, 2, 4, {"label": ("BYTES", ()), "probabilities": ("FP32", (3,)), "embedding": ("FP32", (5,))}
)
PIXELS = list(range(12))


def image(**changes):
    one = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(b"x").decode()]}
    return {key: value for key, value in {**one, **changes}.items() if value is not None}


def images(**changes):
    return image(**{"name": "images", "shape": [1, 2, 2, 3], "datatype": "UINT8", "data": PIXELS, **changes})


def raw(size, **changes):
    return image(**{"data": None, "parameters": {"binary_data_size": size}, **changes})


def parse(document, behind=None):
    head = json.dumps(document).encode()
    length = None if behind is None else str(len(head)).encode()
    return parse_request(head + (behind or b""), length, CONTRACT)


@pytest.mark.parametrize("data", [PIXELS, np.reshape(PIXELS, (1, 2, 2, 3)).tolist()], ids=["flat", "nested"])
def test_pixels_come_as_flat_or_nested_lists(data):
    (found,) = parse({"inputs": [images(data=data)]}).images

    assert found.dtype == np.uint8
    assert found.tolist() == np.reshape(PIXELS, (2, 2, 3)).tolist()


@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_encoded_pictures_come_as_bytes_behind_the_json(shape):
    behind = struct.pack("<I3sI", 3, b"abc", 0)[:7] + struct.pack("<I", 0)

    assert parse({"inputs": [raw(11, shape=shape)]}, behind).images == [b"abc", b""]


def test_pixels_come_as_bytes_behind_the_json():
    found = parse({"inputs": [images(data=None, parameters={"binary_data_size": 12})]}, bytes(PIXELS))

    assert found.images[0].ravel().tolist() == PIXELS


def test_all_outputs_are_wanted_where_none_is_named():
    found = parse(
        {"inputs": [image()], "parameters": {"binary_data_output": True, "timeout": 1500}, "id": "7"}
    )

    assert found.outputs == [Wanted(name, None, True) for name in CONTRACT.outputs]
    assert (found.id, found.timeout_s) == ("7", 0.0015)


def test_an_output_overrides_the_request():
    asked = [
        {"name": "label", "parameters": {"binary_data": False}},
        {"name": "probabilities", "parameters": {"classification": 2}},
    ]

    found = parse({"inputs": [image()], "outputs": asked, "parameters": {"binary_data_output": True}})

    assert found.outputs == [Wanted("label"), Wanted("probabilities", 2, True)]


@pytest.mark.parametrize(
    "document, behind, message",
    [
        ([], None, "a list"),
        ({}, None, "'inputs' holds one tensor"),
        ({"inputs": {}}, None, "'inputs' is a list"),
        ({"inputs": [1]}, None, "'inputs' is a list of objects"),
        ({"inputs": [image(), image()]}, None, "'inputs' holds one tensor"),
        ({"inputs": [image()] * 101}, None, "101 objects"),
        ({"inputs": [image()], "id": 7}, None, "'id' is 7"),
        ({"inputs": [image(name="photo")]}, None, r"inputs\[0\]\.name is 'photo'"),
        ({"inputs": [image(name=["image"])]}, None, r"inputs\[0\]\.name is a list"),
        ({"inputs": [image(datatype="UINT8")]}, None, "datatype is 'UINT8': that of 'image' is BYTES"),
        ({"inputs": [images(datatype="FP32")]}, None, "datatype is 'FP32': that of 'images' is UINT8"),
        ({"inputs": [image(shape=None)]}, None, "shape is None"),
        ({"inputs": [image(shape=[])]}, None, "shape is a list"),
        ({"inputs": [image(shape=[-1])]}, None, "shape has -1"),
        ({"inputs": [image(shape=[1.0])]}, None, "shape has 1.0"),
        ({"inputs": [image(shape=[True])]}, None, "shape has True"),
        ({"inputs": [image(shape=[10**4000])]}, None, "shape has 1000"),
        ({"inputs": [image(shape=[0])]}, None, "shape says 0 pictures"),
        ({"inputs": [image(shape=[5])]}, None, "shape says 5 pictures: it may be 1 to 4"),
        ({"inputs": [image(shape=[1, 2])]}, None, r"\[N\] or \[N, 1\]"),
        ({"inputs": [image(shape=[2])]}, None, "says 2 pictures, the data hold 1"),
        ({"inputs": [images(shape=[1, 2, 2, 4])]}, None, r"'images' has \[N, 2, 2, 3\]"),
        ({"inputs": [images(shape=[2**31, 2, 2, 3])]}, None, "shape says 2147483648 pictures"),
        ({"inputs": [images(data=PIXELS[1:])]}, None, "says 12 values, the data hold 11"),
        ({"inputs": [images(data=[*PIXELS[1:], 256])]}, None, "no array of whole numbers"),
        ({"inputs": [images(data=[*PIXELS[1:], -1])]}, None, "no array of whole numbers"),
        ({"inputs": [images(data=[*PIXELS[1:], 0.5])]}, None, "no array of whole numbers"),
        ({"inputs": [images(data=[*PIXELS[1:], True])]}, None, "no array of whole numbers"),
        ({"inputs": [images(data=["1"] * 12)]}, None, "no array of whole numbers"),
        ({"inputs": [images(data=[[1], 2])]}, None, "no array of whole numbers"),
        ({"inputs": [images(data="abc")]}, None, "data is 'abc': it is a list"),
        ({"inputs": [image(data=["%%"])]}, None, r"data\[0\] is no base64"),
        ({"inputs": [image(data=[7])]}, None, r"data\[0\] is 7"),
        ({"inputs": [image(data=["\ud800"])]}, None, r"data\[0\] is no base64"),
        ({"inputs": [raw(1)]}, None, "needs the header Inference-Header-Content-Length"),
        ({"inputs": [raw(-1)]}, b"", "binary_data_size is -1"),
        ({"inputs": [raw(True)]}, b"", "binary_data_size is True"),
        ({"inputs": [raw(10**30)]}, b"", "behind the JSON are 0 bytes"),
        ({"inputs": [raw(4)]}, b"\0\0\0\0more", "4 bytes are left over behind the inputs"),
        ({"inputs": [raw(4)]}, b"\xff\xff\xff\xff", "element 0 would end behind the data"),
        ({"inputs": [raw(3)]}, b"\0\0\0", "element 0 would end behind the data"),
        ({"inputs": [raw(8)]}, b"\0\0\0\0\0\0\0\0", "4 bytes are left over behind the 1 elements"),
        ({"inputs": [raw(0, data=["eA=="])]}, b"", "both data and"),
        ({"inputs": [image(parameters={"shared_memory_region": "r"})]}, None, "no shared memory"),
        ({"inputs": [image(parameters=[])]}, None, r"inputs\[0\]\.parameters is a list"),
        ({"inputs": [image()], "parameters": 7}, None, "parameters is 7"),
        ({"inputs": [image()], "parameters": {"timeout": "soon"}}, None, "timeout is 'soon'"),
        ({"inputs": [image()], "parameters": {"binary_data_output": 1}}, None, "binary_data_output is 1"),
        ({"inputs": [image()], "outputs": [{"name": "colour"}]}, None, r"outputs\[0\]\.name is 'colour'"),
        ({"inputs": [image()], "outputs": [{}]}, None, r"outputs\[0\]\.name is None"),
        ({"inputs": [image()], "outputs": [{"name": "label"}] * 2}, None, "names 'label' twice"),
        (
            {"inputs": [image()], "outputs": [{"name": "label", "parameters": {"classification": 1}}]},
            None,
            "'label' has no classes",
        ),
        (
            {
                "inputs": [image()],
                "outputs": [{"name": "probabilities", "parameters": {"classification": 0}}],
            },
            None,
            "classification is 0",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_wrong_is_named(document, behind, message):
    with pytest.raises(MalformedRequest, match=message):
        parse(document, behind)


@pytest.mark.parametrize(
    "body, length, message",
    [
        (b"", None, "no JSON"),
        (b"\xff\xfe{", None, "no JSON"),
        (b"[" * 100_000, None, "no JSON"),
        (b'{"inputs": [' + b"[]," * 600_000 + b"[]]}", None, "more than 1,000,000 values"),
        (b'{"id": ' + b"9" * 5000 + b"}", None, "no JSON"),
        (b"{}", b"3", "Inference-Header-Content-Length is b'3'"),
        (b"{}", b"-1", "Inference-Header-Content-Length is b'-1'"),
        (b"{}", b"9" * 400, "Inference-Header-Content-Length"),
        (b"{}", "²".encode(), "Inference-Header-Content-Length"),
        (b"{}", b"1", "no JSON"),
    ],
    ids=str,
)
def test_a_body_that_is_none_is_malformed(body, length, message):
    with pytest.raises(MalformedRequest, match=message):
        parse_request(body, length, CONTRACT)


_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_BRANCH = _LEAF | st.lists(_LEAF, max_size=4) | st.dictionaries(st.text(max_size=8), _LEAF, max_size=3)
_ANY = _BRANCH | st.lists(_BRANCH, max_size=4) | st.dictionaries(st.text(max_size=8), _BRANCH, max_size=3)
_FIELDS = ("name", "shape", "datatype", "data", "parameters")


@given(
    base=st.sampled_from([image(), images(), raw(4), raw(0), images(data=None)]),
    changes=st.dictionaries(st.sampled_from(_FIELDS), _ANY, max_size=2),
    around=st.dictionaries(st.sampled_from(["id", "inputs", "outputs", "parameters"]), _ANY, max_size=1),
    behind=st.none() | st.binary(max_size=24),
)
@settings(max_examples=400, deadline=None)
def test_whatever_comes_is_read_or_refused(base, changes, around, behind):
    try:
        found = parse({"inputs": [{**base, **changes}], **around}, behind)
        said = ""
    except MalformedRequest as err:
        said = str(err)
    assert (len(said.encode()) < 1000) if said else isinstance(found, InferRequest)


@given(cut=st.integers(0, 300), at=st.integers(0, 300), put=st.binary(max_size=6), length=st.integers(0, 300))
@settings(max_examples=400, deadline=None)
def test_a_damaged_body_is_read_or_refused(cut, at, put, length):
    head = json.dumps({"inputs": [raw(5)], "outputs": [{"name": "label"}]}).encode()
    whole = head + b"\x01\0\0\0x"
    damaged = whole[:at] + put + whole[at + cut % 7 :]

    for declared in (len(head), length):
        try:
            assert parse_request(damaged, str(declared).encode(), CONTRACT).images
        except MalformedRequest as err:
            str(err).encode()


def test_an_answer_has_json_first_and_bytes_behind():
    tensors = [
        Tensor("label", (2,), [b"a", "ä".encode()]),
        Tensor("probabilities", (1, 2), np.array([[0.5, 0.25]], np.float32)),
    ]

    body, length = render_answer(tensors, [Wanted("label", None, True), Wanted("probabilities")], {"id": "7"})

    assert json.loads(body[:length]) == {
        "id": "7",
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 11}},
            {"name": "probabilities", "datatype": "FP32", "shape": [1, 2], "data": [0.5, 0.25]},
        ],
    }
    assert body[length:] == b"\x01\0\0\0a\x02\0\0\0" + "ä".encode()
