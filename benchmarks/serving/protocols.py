"""What a request costs by each way of asking: `python -m benchmarks.serving.protocols BUNDLE PICTURE`.

One client, one connection each, requests written beforehand, the ways taking turns; medians of the time from the first
byte sent to the last one read. gRPC is measured through grpcio's client, whose own time is in it.
"""

import base64
import json
import re
import socket
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from sightline.bundle import read_manifest
from sightline.images import preprocess_image

sys.path.insert(0, "tests")
from servers import running

ROUNDS = 600


def main(bundle: Path, picture: Path) -> None:
    data = picture.read_bytes()
    with running(bundle, "--threads", "1", "--grpc-port", "0") as server:
        address = urlsplit(server.url)
        (model,) = httpx.get(f"{server.url}/v1/models").json()["models"]
        ways = {
            name: over_http(address.hostname, address.port, *request)
            for name, request in requests(bundle, data, model["name"]).items()
        }
        (found,) = re.findall(r"grpc://(\S+)", "".join(server.log))
        ways["/v2 gRPC, encoded"] = over_grpc(found, model["name"], data)
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(ROUNDS):
            for name, ask in ways.items():
                started = time.perf_counter()
                ask()
                if number >= ROUNDS // 10:
                    spent[name].append(time.perf_counter() - started)
    usual = statistics.median(spent["/v1/predict"])
    for name, seconds in spent.items():
        median = statistics.median(seconds)
        print(f"{name:32} {median * 1e6:8.0f} us  {(median - usual) * 1e6:+7.0f} us")


def requests(bundle: Path, data: bytes, model: str) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    infer = f"/v2/models/{model}/infer"
    pixels = preprocess_image(data, read_manifest(bundle)[1].preprocessing)
    few = [{"name": "label"}, {"name": "probability"}]
    encoded = {"name": "image", "shape": [1], "datatype": "BYTES"}
    raw = {"name": "images", "shape": [1, *pixels.shape], "datatype": "UINT8"}
    text = {**encoded, "data": [base64.b64encode(data).decode()]}
    framed = len(data).to_bytes(4, "little") + data
    whole = json.dumps({"inputs": [text], "outputs": few}).encode()
    return {
        "/v1/predict": ("/v1/predict", data, {}),
        "/v2 binary, label": (infer, *binary(encoded, framed, few)),
        "/v2 binary, all outputs": (infer, *binary(encoded, framed, None)),
        "/v2 JSON, base64": (infer, whole, {}),
        "/v2 binary, pixels": (infer, *binary(raw, pixels.tobytes(), few)),
    }


def binary(
    given: dict[str, object], data: bytes, few: list[dict[str, str]] | None
) -> tuple[bytes, dict[str, str]]:
    wanted = {"parameters": {"binary_data_output": True}, **({} if few is None else {"outputs": few})}
    head = json.dumps(
        {"inputs": [{**given, "parameters": {"binary_data_size": len(data)}}], **wanted}
    ).encode()
    return head + data, {"Inference-Header-Content-Length": str(len(head))}


def over_http(host: str, port: int, path: str, body: bytes, headers: dict[str, str]) -> Callable[[], None]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
    request = head.encode() + body
    connection = socket.create_connection((host, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask() -> None:
        connection.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200"), received
        size = int(re.search(rb"\r\ncontent-length: (\d+)", received)[1])
        while len(received) < end + 4 + size:
            received += connection.recv(65536)

    return ask


def over_grpc(address: str, model: str, data: bytes) -> Callable[[], object]:
    import grpc
    from tritonclient.grpc import service_pb2, service_pb2_grpc

    request = service_pb2.ModelInferRequest(
        model_name=model,
        inputs=[service_pb2.ModelInferRequest.InferInputTensor(name="image", shape=[1], datatype="BYTES")],
        outputs=[
            service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=one)
            for one in ("label", "probability")
        ],
        raw_input_contents=[len(data).to_bytes(4, "little") + data],
    )
    stub = service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(address))
    return lambda: stub.ModelInfer(request)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
