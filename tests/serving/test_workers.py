"""Several processes at one address, seen from outside: shared, killed, reloaded, drained."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bundles import make_bundle, reseal
from pictures import encode, gradient
from servers import running
from sightline.bundle import EXPECTED_FILE, pack_golden, read_manifest, unpack_golden
from sightline.errors import InputError
from sightline.records import DecisionRule, Temperature
from sightline.serving import ServerSettings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

PICTURES = [encode(gradient(width, 48)) for width in (40, 64)]

# A connection for each request, so that it may reach any process; certificates would be read anew for each client.
CLIENT = httpx.Client(verify=False, timeout=60, headers={"Connection": "close"})


def workers(parent):
    """The processes below this one that serve."""
    found = []
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_all(server, count=2):
    wait_for(lambda: f"{count} processes answer" in "".join(server.log))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("workers") / "tiles")


@pytest.fixture(scope="module")
def crew(place):
    with running(place, "--workers", "2") as server:
        wait_for_all(server)
        yield server


class Load:
    """Clients that each keep a connection, and note every answer that is not 200 or not as at first."""

    def __init__(self, url, clients=6):
        self.url, self.done, self.wrong, self.cut, self.answered = url, threading.Event(), [], 0, 0
        self.expected = [CLIENT.post(f"{url}/v1/predict", content=one).json() for one in PICTURES]
        self.threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(clients)]

    def ask(self, number):
        while not self.done.is_set():
            with httpx.Client(verify=False, timeout=60) as client, contextlib.suppress(httpx.TransportError):
                while not self.done.is_set():
                    picture = (number := number + 1) % len(PICTURES)
                    self.cut += 1
                    answer = client.post(f"{self.url}/v1/predict", content=PICTURES[picture])
                    self.cut -= 1
                    self.answered += 1
                    if answer.status_code != 200 or not self.fits(answer.json(), picture):
                        self.wrong.append((answer.status_code, answer.text))

    def fits(self, answer, picture):
        return answer["candidates"] == self.expected[picture]["candidates"]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()


def test_all_processes_answer_and_their_metrics_add_up(crew):
    asked = 40
    before = metric(crew, 'sightline_decisions_total{decision="accept",model="tiles"}')

    for number in range(asked):
        answer = CLIENT.post(f"{crew.url}/v1/predict", content=PICTURES[number % 2])
        assert answer.status_code == 200
    seen = [CLIENT.get(f"{crew.url}/v2/models/tiles/stats").json()["model_stats"][0] for _ in range(30)]
    shares = {one["last_inference"]: one["inference_count"] for one in seen}

    assert len(shares) == 2
    assert sum(shares.values()) == before + asked
    for _ in range(6):
        assert metric(crew, 'sightline_decisions_total{decision="accept",model="tiles"}') == before + asked
        assert metric(crew, "sightline_ready") == 1
        assert metric(crew, "sightline_workers") == 2
        assert metric(crew, "sightline_workers_left_out") == 0


def metric(server, series):
    text = CLIENT.get(f"{server.url}/metrics").text
    (line,) = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    return float(line.split()[-1])


def test_a_killed_process_costs_its_own_connections_and_is_followed_by_another(crew):
    wait_for(lambda: len(workers(crew.process.pid)) == 2)
    victim, other = workers(crew.process.pid)

    with Load(crew.url) as load:
        wait_for(lambda: load.answered > 50)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(workers(crew.process.pid)) == 2 and not is_alive(victim), 10)
        wait_for(lambda: metric(crew, "sightline_workers_left_out") == 0, 20)
        answered = load.answered
        wait_for(lambda: load.answered > answered + 50)

    assert load.wrong == []
    assert load.cut <= len(load.threads)
    assert other in workers(crew.process.pid)
    assert "was ended by SIGKILL; another one starts" in "".join(crew.log)


def test_a_process_that_is_stuck_is_replaced_and_counted(bundle):
    with running(bundle, "--workers", "2", "--worker-timeout", "1") as server:
        wait_for_all(server)
        before = workers(server.process.pid)
        os.kill(before[1], signal.SIGSTOP)

        wait_for(lambda: not is_alive(before[1]) and len(workers(server.process.pid)) == 2, 30)
        # The other one hears of it with the next beat.
        wait_for(lambda: seen_from_all(server, "sightline_workers_replaced_total", 1), 30)

        assert before[0] in workers(server.process.pid)
        told = "".join(server.log)
    assert f"worker 1 (process {before[1]}) has not answered for 1 s and is killed" in told
    assert "was ended by SIGKILL; another one starts" in told


def test_a_process_that_does_not_get_ready_is_replaced(tmp_path):
    def started():
        found = sorted(path.name.split() for path in tmp_path.iterdir())
        return [int(pid) for _, pid in found]

    command = [sys.executable, str(Path(__file__).with_name("slow_starters.py")), str(tmp_path), "5"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as above:
        assert any("2 processes answer" in line for line in iter(above.stderr.readline, ""))
        os.kill(started()[0], signal.SIGKILL)
        wait_for(lambda: len(started()) == 3)
        first, second, third = started()
        assert [is_alive(pid) for pid in (first, second, third)] == [False, False, True]
        above.terminate()
        told = above.stderr.read()
        assert above.wait(30) == 0
    assert f"worker 1 (process {second}) was not ready within 5 s and is killed" in told


def seen_from_all(server, series, value):
    left_out = {metric(server, "sightline_workers_left_out") for _ in range(8)}
    return left_out == {0} and {metric(server, series) for _ in range(8)} == {value}


def test_a_server_that_was_stopped_as_a_whole_goes_on_with_the_same_processes(bundle):
    with running(bundle, "--workers", "2", "--worker-timeout", "0.6") as server:
        wait_for_all(server)
        before = workers(server.process.pid)
        for pid in (server.process.pid, *before):
            os.kill(pid, signal.SIGSTOP)
        time.sleep(1.5)
        for pid in (server.process.pid, *before):
            os.kill(pid, signal.SIGCONT)

        assert CLIENT.get(f"{server.url}/livez").status_code == 200
        time.sleep(1)
        assert workers(server.process.pid) == before


def test_the_process_above_has_no_models(crew):
    def has_models(pid):
        return "onnxruntime" in Path(f"/proc/{pid}/maps").read_text()

    assert not has_models(crew.process.pid)
    assert all(map(has_models, workers(crew.process.pid)))


def test_a_hang_up_reloads_one_after_another_without_an_error(crew, place, tmp_path):
    rule = DecisionRule(calibration=Temperature(value=3.0))
    changed = make_bundle(tmp_path / "tiles", decision=rule)
    wanted = read_manifest(changed)[0]

    def in_service():
        return {CLIENT.get(f"{crew.url}/v1/model").json()["bundle_id"] for _ in range(16)}

    assert wanted not in in_service()
    with Load(crew.url) as load:
        load.fits = lambda *_: True
        place.rename(tmp_path / "old")
        changed.rename(place)
        crew.process.send_signal(signal.SIGHUP)
        wait_for(lambda: in_service() == {wanted})

    assert load.wrong == []
    assert load.cut == 0


def test_what_is_in_flight_in_any_process_is_answered_before_the_end(bundle):
    large = encode(gradient(4000, 3000), "PNG", compress_level=1)
    answers = []
    with running(bundle, "--workers", "2", "--threads", "1") as server:
        wait_for_all(server)
        crew = workers(server.process.pid)
        senders = [
            threading.Thread(
                target=lambda: answers.append(CLIENT.post(f"{server.url}/v1/predict", content=large))
            )
            for _ in range(4)
        ]
        for sender in senders:
            sender.start()
        wait_for(lambda: metric(server, "sightline_images_in_flight") + len(answers) == 4)
        server.process.send_signal(signal.SIGTERM)
        assert len(answers) < 4, "the pictures are decoded too fast for this test"
        for sender in senders:
            sender.join()
        code = server.process.wait(60)

    assert [answer.status_code for answer in answers] == [200] * 4
    assert code == 0
    assert not any(is_alive(pid) for pid in crew)


def test_no_process_outlives_the_one_above(bundle):
    with running(bundle, "--workers", "2") as server:
        wait_for_all(server)
        children = [int(pid) for pid in children_of(server.process.pid)]
        assert len(children) >= 2
        server.process.kill()
        try:
            wait_for(lambda: not any(is_alive(pid) for pid in children), 15)
        finally:
            for pid in filter(is_alive, children):
                os.kill(pid, signal.SIGKILL)


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_bundle_that_is_not_sound_is_told_once(bundle, tmp_path):
    expected = unpack_golden((bundle / EXPECTED_FILE).read_bytes())
    other = pack_golden(replace(expected, logits=expected.logits + 1))
    disagrees = reseal(bundle, tmp_path / "other", {EXPECTED_FILE: other})

    command = [sys.executable, "-m", "sightline", "serve", str(disagrees), "--port", "0", "--workers", "3"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    told = refused.stderr.count("graph: the golden image")
    assert (refused.returncode, told) == (3, 1), refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_interrupt_drops_what_is_in_flight(bundle):
    with running(bundle, "--workers", "2") as server, contextlib.ExitStack() as stack:
        wait_for_all(server)
        crew = workers(server.process.pid)
        host, port = server.url.removeprefix("http://").split(":")
        for _ in range(8):
            slow = stack.enter_context(socket.create_connection((host, int(port))))
            slow.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx")
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert all(is_alive(pid) for pid in crew)
        server.process.send_signal(signal.SIGINT)
        code = server.process.wait(10)

    assert code == 1
    assert not any(is_alive(pid) for pid in crew)


def test_a_second_server_at_the_address_is_refused(crew, bundle):
    port = crew.url.rpartition(":")[2]
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", port, "--workers", "2"]

    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert refused.returncode == 2
    assert f"127.0.0.1:{port}" in refused.stderr


def test_a_port_that_reaches_one_process_only_is_refused():
    with pytest.raises(InputError, match="--grpc-port reaches one process.* --workers 1.*SIGHUP"):
        ServerSettings(workers=2, grpc_port=0)
