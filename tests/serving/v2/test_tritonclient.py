"""What NVIDIA's own clients, over HTTP and gRPC, make of the server."""

import json

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

from bundles import LABELS
from pictures import encode, gradient
from sightline.bundle import read_manifest
from sightline.images import preprocess_image

PICTURES = [encode(gradient()), encode(gradient(90, 60), "JPEG")]


@pytest.fixture(scope="module", params=["http", "grpc"])
def triton(request, server, rpc_address):
    """The client's module and a client."""
    if request.param == "grpc":
        module, address = tritonclient.grpc, rpc_address
    else:
        module, address = tritonclient.http, server.url.removeprefix("http://")
    client = module.InferenceServerClient(address)
    yield module, client
    client.close()


def infer(triton, values, datatype="BYTES", name="image", outputs=None, binary=None, model="tiles", **more):
    module, client = triton
    given = module.InferInput(name, list(values.shape), datatype)
    given.set_data_from_numpy(values, **({} if binary is None else {"binary_data": binary}))
    return client.infer(model, [given], outputs=outputs, **more)


def as_bytes(pictures=PICTURES):
    return np.array(pictures, dtype=np.object_)


def predictions(client):
    return [client.post("/v1/predict", content=one).json() for one in PICTURES]


def check(found, client):
    ours = predictions(client)
    for name in ("label", "decision"):
        strings = [one if isinstance(one, str) else one.decode() for one in found.as_numpy(name)]
        assert strings == [one[name] for one in ours]
    assert found.as_numpy("probability") == pytest.approx([one["probability"] for one in ours], abs=1e-6)
    rows = [{one["label"]: one["probability"] for one in answer["candidates"]} for answer in ours]
    expected = [[row[label] for label in LABELS] for row in rows]
    np.testing.assert_allclose(found.as_numpy("probabilities"), expected, atol=1e-6)


def test_encoded_pictures_are_answered_like_our_own_api(triton, client):
    found = infer(triton, as_bytes(), request_id="mine")

    check(found, client)
    response = found.get_response()
    assert (response["id"] if isinstance(response, dict) else response.id) == "mine"
    own = json.loads(found.as_numpy("prediction")[0])
    assert own["candidates"] == predictions(client)[0]["candidates"]
    embedded = client.post("/v1/embed", content=PICTURES[0]).json()["embedding"]
    np.testing.assert_allclose(found.as_numpy("embedding")[0], embedded, rtol=1e-6)
    np.testing.assert_allclose(
        found.as_numpy("outlier_score"), [one["outlier_score"] for one in predictions(client)], rtol=1e-5
    )


def test_pixels_are_answered_like_their_pictures(triton, client, strange_bundle):
    spec = read_manifest(strange_bundle)[1].preprocessing
    pixels = np.stack([preprocess_image(one, spec) for one in PICTURES])

    check(infer(triton, pixels, "UINT8", "images"), client)


def test_pixels_as_json_are_answered_too(server, client, strange_bundle):
    spec = read_manifest(strange_bundle)[1].preprocessing
    pixels = np.stack([preprocess_image(one, spec) for one in PICTURES])
    module = tritonclient.http
    asked = [
        module.InferRequestedOutput(name, binary_data=i % 2 == 0)
        for i, name in enumerate(("label", "decision", "probability", "probabilities"))
    ]

    with module.InferenceServerClient(server.url.removeprefix("http://")) as opened:
        check(infer((module, opened), pixels, "UINT8", "images", asked, binary=False), client)


def test_classes_are_named(triton, client):
    module, _ = triton

    found = infer(triton, as_bytes(), outputs=[module.InferRequestedOutput("probabilities", class_count=2)])

    value, index, label = found.as_numpy("probabilities")[0][0].decode().split(":")
    assert LABELS[int(index)] == label == predictions(client)[0]["label"]
    assert float(value) == pytest.approx(predictions(client)[0]["probability"], abs=1e-6)


def test_health_metadata_config_and_index(triton):
    module, opened = triton
    options = {"as_json": True} if module is tritonclient.grpc else {}

    metadata = opened.get_model_metadata("tiles", **options)
    config = opened.get_model_config("tiles", **options)
    config = config.get("config", config)
    index = opened.get_model_repository_index(**options)

    assert opened.is_server_live()
    assert opened.is_server_ready()
    assert opened.is_model_ready("tiles", metadata["versions"][0])
    assert "binary_tensor_data" in opened.get_server_metadata(**options)["extensions"]
    assert [one["name"] for one in metadata["inputs"]] == ["image", "images"]
    assert config["max_batch_size"] == 64
    assert (index.get("models", index) if isinstance(index, dict) else index)[0]["state"] == "READY"


def test_statistics_grow_by_what_was_asked(triton):
    module, opened = triton

    def counted():
        options = {"as_json": True} if module is tritonclient.grpc else {}
        (one,) = opened.get_inference_statistics("tiles", **options)["model_stats"]
        return int(one["inference_count"]), int(one["inference_stats"]["success"]["count"])

    infer(triton, as_bytes())
    before = counted()
    infer(triton, as_bytes())

    assert np.subtract(counted(), before).tolist() == [2, 1]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"values": as_bytes([b"no picture"])}, "JPEG, PNG"),
        ({"name": "photo", "values": as_bytes()}, "inputs\\[0\\].name is 'photo'"),
        ({"values": as_bytes([PICTURES[0]] * 65)}, "65 pictures"),
        ({"model": "other", "values": as_bytes()}, "a model 'other'"),
        ({"model_version": "1", "values": as_bytes()}, "not '1'"),
        ({"values": np.zeros((1, 4, 4, 3), np.uint8), "datatype": "UINT8", "name": "images"}, "32, 32, 3"),
        ({"values": np.zeros((1, 4), np.float32), "datatype": "FP32"}, "datatype is 'FP32'"),
        ({"timeout": 1, "values": as_bytes()}, "not ready in the time"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_errors_arrive_with_their_sentences(triton, changes, message):
    with pytest.raises(InferenceServerException, match=message):
        infer(triton, **changes)


def test_what_is_not_offered_is_unimplemented(triton):
    _, opened = triton

    with pytest.raises(InferenceServerException, match=r"is not offered here|no such path"):
        opened.get_system_shared_memory_status()


def test_an_error_over_grpc_has_our_code(rpc_address):
    import grpc
    from tritonclient.grpc import service_pb2, service_pb2_grpc

    with grpc.insecure_channel(rpc_address) as channel, pytest.raises(grpc.RpcError) as caught:  # noqa: PT012
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.ModelInfer(service_pb2.ModelInferRequest(model_name="tiles"), metadata=[("x-request-id", "me")])

    trailing = dict(caught.value.trailing_metadata())
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert (trailing["sightline-error-code"], trailing["x-request-id"]) == ("malformed_request", "me")
