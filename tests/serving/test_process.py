"""Starting, refusing and stopping, seen from outside the process."""

import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from bundles import make_bundle, reseal
from pictures import encode, gradient
from servers import running
from sightline.bundle import EXPECTED_FILE, unpack_golden


def serve(bundle, *options):
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_server_finishes_what_is_in_flight(tmp_path, sign):
    large = encode(gradient(6000, 4000), "PNG", compress_level=1)  # takes a while to decode
    with running(make_bundle(tmp_path / "b"), "--threads", "1") as server:
        answers = []
        senders = [
            threading.Thread(
                target=lambda: answers.append(httpx.post(f"{server.url}/v1/predict", content=large))
            )
            for _ in range(3)
        ]
        for sender in senders:
            sender.start()
        deadline = time.monotonic() + 60
        while "sightline_images_in_flight 3.0" not in httpx.get(f"{server.url}/metrics", timeout=60).text:
            assert time.monotonic() < deadline
            assert not answers, "the pictures are decoded too fast for this test"
        server.process.send_signal(sign)
        for sender in senders:
            sender.join(120)
        code = server.process.wait(120)

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert code == 0


@pytest.mark.parametrize("name", ["bundle.json", "model.onnx", "golden/02.jpg", "golden/expected.npz"])
def test_a_flipped_byte_keeps_the_server_from_starting(own_bundle, name):
    path = own_bundle / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))

    refused = serve(own_bundle)

    assert refused.returncode == 3
    assert name in refused.stderr
    assert "Traceback" not in refused.stderr


def test_golden_images_that_disagree_stop_the_server_and_name_the_stage(bundle, tmp_path):
    from dataclasses import replace

    from sightline.bundle import pack_golden

    expected = unpack_golden((bundle / EXPECTED_FILE).read_bytes())
    other = pack_golden(replace(expected, logits=expected.logits + 1))

    refused = serve(reseal(bundle, tmp_path / "other", {EXPECTED_FILE: other}))

    assert refused.returncode == 3
    assert "graph: the golden image" in refused.stderr


def test_a_port_that_is_taken_is_named(bundle):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        refused = serve(bundle, "--port", port)

    assert refused.returncode == 2
    assert f"127.0.0.1:{port}" in refused.stderr


def test_a_signal_right_after_the_announcement_stops_the_server(bundle):
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0"]
    for _ in range(3):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert "Serving" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stderr.close()


def test_of_two_servers_on_one_port_one_says_so(bundle):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", port]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    deadline = time.monotonic() + 60
    while all(process.poll() is None for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lost, won = sorted(processes, key=lambda process: process.poll() is None)

    assert lost.returncode == 2
    assert f"127.0.0.1:{port}" in lost.stderr.read()
    won.terminate()
    assert won.wait(60) == 0
    for process in processes:
        process.stderr.close()


def test_predicting_and_serving_never_import_torch(bundle, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(encode(gradient()))
    script = f"""
import sys
import sightline
assert sightline.load({str(bundle)!r}).predict({str(picture)!r}).label
import sightline.cli.main, sightline.serving, sightline.inference, sightline.evaluation, sightline.dataset
import asyncio
from sightline.serving.app import create_app
from sightline.serving import Service, ServerSettings
from pathlib import Path
from sightline.inference import Ask
from sightline.serving.models import open_model
from sightline.serving.work import Waiting
async def serve():
    settings = ServerSettings()
    service = Service([open_model(Path({str(bundle)!r}), settings)], settings)
    create_app(service)
    await service.start()
    (answer,) = service.submit(service.models.find(), [Path({str(picture)!r}).read_bytes()], Ask(), Waiting())
    assert (await answer).prediction.label
    service.stop()
asyncio.run(serve())
loaded = {{name.partition(".")[0] for name in sys.modules}}
heavy = sorted(loaded & {{"torch", "torchvision", "timm", "onnx", "sklearn"}})
assert not heavy, heavy
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=180, check=False
    )

    assert result.returncode == 0, result.stderr
