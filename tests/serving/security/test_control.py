"""The control plane, its audit log and SIGHUP, through a real server under traffic."""

import contextlib
import json
import shutil
import signal
import threading
import time
from dataclasses import replace

import httpx
import pytest

from bundles import make_bundle, reseal
from pictures import encode, gradient
from servers import running
from sightline.bundle import EXPECTED_FILE, MANIFEST_FILE, pack_golden, read_manifest, unpack_golden
from sightline.records import DecisionRule, Temperature
from sightline.serving.control import Repository
from sightline.serving.security import AuditLog, add_key

PICTURE = encode(gradient())


class Plant:
    """A server with two models, one of them in a repository, and who may do what with it."""

    def __init__(self, folder):
        self.folder = folder
        self.repository = folder / "models"
        self.repository.mkdir()
        self.first = make_bundle(folder / "first")
        self.second = make_bundle(self.repository / "second")
        self.changed = make_bundle(
            folder / "changed", decision=DecisionRule(calibration=Temperature(value=3.0))
        )
        outside = make_bundle(folder / "outside")
        (self.repository / "link").symlink_to(outside)
        (self.repository / "inner").symlink_to(self.second)
        (self.repository / "empty").mkdir()
        self.audit = folder / "audit.jsonl"
        self.keys = folder / "keys.json"
        self.admin = {"x-api-key": add_key(self.keys, "ops", ["admin"])}
        self.user = {"x-api-key": add_key(self.keys, "line-3", ["predict", "read"])}

    def options(self):
        options = ["--api-keys", self.keys, "--control-port", 0, "--model-repository", self.repository]
        return [*map(str, options), "--audit-log", str(self.audit)]

    def lines(self):
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def replace(self, target, source):
        """As a deployment does: a new folder in the place of the old one."""
        aside = self.folder / "aside"
        shutil.copytree(source, aside)
        target.rename(self.folder / f"old-{time.monotonic_ns()}")
        aside.rename(target)


@pytest.fixture
def plant(tmp_path):
    return Plant(tmp_path)


@pytest.fixture
def server(plant):
    with running(plant.first, *plant.options()) as started:
        yield started


def bundle_id(path):
    return read_manifest(path)[0]


class Traffic:
    """Requests to a model by several threads for as long as a block runs."""

    def __init__(self, server, plant, model):
        self.answers = []
        self._url, self._headers, self._model = server.url, plant.user, model
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(3)]

    def _send(self):
        with httpx.Client(base_url=self._url, headers=self._headers, timeout=120) as client:
            while not self._stop.is_set():
                answer = client.post("/v1/predict", params={"model": self._model}, content=PICTURE)
                self.answers.append((answer.status_code, answer.json().get("bundle_id")))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def wait_for(self, bundle):
        deadline = time.monotonic() + 120
        while not any(found == bundle for _, found in self.answers[-3:]):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def post(server, plant, path, headers=None, **more):
    return httpx.post(f"{server.control}{path}", headers=headers or plant.admin, timeout=120, **more)


def test_models_are_loaded_reloaded_and_unloaded_under_traffic(server, plant):
    before, after = bundle_id(plant.first), bundle_id(plant.changed)
    with Traffic(server, plant, "first") as traffic:
        traffic.wait_for(before)
        loaded = post(server, plant, "/v2/repository/models/second/load", json={})
        plant.replace(plant.first, plant.changed)
        reloaded = post(server, plant, "/v2/repository/models/first/load")
        traffic.wait_for(after)
        listed = httpx.get(f"{server.url}/v1/models", headers=plant.user, timeout=60).json()["models"]
        unloaded = post(
            server,
            plant,
            "/v2/repository/models/second/unload",
            json={"parameters": {"unload_dependents": False}},
        )
        gone = httpx.post(
            f"{server.url}/v1/predict?model=second", content=PICTURE, headers=plant.user, timeout=60
        )

    assert [answer.status_code for answer in (loaded, reloaded, unloaded, gone)] == [200, 200, 200, 404]
    assert {model["name"] for model in listed} == {"first", "second"}
    assert {status for status, _ in traffic.answers} == {200}
    assert {found for _, found in traffic.answers} == {before, after}
    entries = [(one["action"], one["by"], one["model"], one["outcome"], one["from"]) for one in plant.lines()]
    assert entries == [
        ("load", "ops", "second", "done", "127.0.0.1"),
        ("load", "ops", "first", "done", "127.0.0.1"),
        ("unload", "ops", "second", "done", "127.0.0.1"),
    ]
    load, reload, unload = plant.lines()
    assert (load.get("before"), load["after"]) == (None, bundle_id(plant.second))
    assert (reload["before"], reload["after"]) == (before, after)
    assert (unload["before"], unload.get("after")) == (bundle_id(plant.second), None)
    assert reload["request_id"] == reloaded.headers["x-request-id"]


def spoil_a_file(folder):
    graph = folder / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")


def spoil_the_graph(folder):
    """Sealed as it should be, but no graph."""
    whole = folder.with_name("whole")
    folder.rename(whole)
    reseal(whole, folder, {"model.onnx": b"no graph"})


def spoil_the_expectations(folder):
    """A graph that is taken, and gives other answers than were recorded."""
    whole = folder.with_name("whole")
    folder.rename(whole)
    expected = unpack_golden((whole / EXPECTED_FILE).read_bytes())
    reseal(whole, folder, {EXPECTED_FILE: pack_golden(replace(expected, logits=expected.logits + 1))})


def spoil_the_manifest(folder):
    (folder / MANIFEST_FILE).write_text("{")


@pytest.mark.parametrize(
    "spoil, status, code, words",
    [
        (spoil_a_file, 422, "bundle_corrupt", "model.onnx"),
        (spoil_the_graph, 422, "bundle_corrupt", "no graph that ONNX Runtime takes"),
        (spoil_the_expectations, 422, "golden_mismatch", "golden image"),
        (spoil_the_manifest, 422, "bundle_corrupt", "manifest"),
        (shutil.rmtree, 404, "unknown_model", "any more"),
    ],
)
def test_a_bundle_that_is_broken_leaves_the_old_one_in_service(server, plant, spoil, status, code, words):
    before = bundle_id(plant.first)
    spoil(plant.first)

    failed = post(server, plant, "/v2/repository/models/first/load")
    answer = httpx.post(f"{server.url}/v1/predict", content=PICTURE, headers=plant.user, timeout=60)

    error = failed.json()["error"]
    assert (failed.status_code, error["code"]) == (status, code)
    assert words in error["message"]
    assert (answer.status_code, answer.json()["bundle_id"]) == (200, before)
    (line,) = plant.lines()
    assert (line["outcome"], line["before"], "after" in line) == ("failed", before, False)
    assert line["reason"] == error["message"]


@pytest.mark.parametrize(
    "name",
    [
        "nowhere",
        "..",
        "%2e%2e",
        "..%2f..%2ffirst",
        "%2fetc",
        "link",
        "empty",
        "second%00",
        "models",
        ".",
        "x" * 300,
    ],
)
def test_no_name_leads_out_of_the_repository(shared, name):
    server, plant = shared
    refused = post(server, plant, f"/v2/repository/models/{name}/load")

    assert refused.status_code == 404
    assert "root" not in refused.text


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    plant = Plant(tmp_path_factory.mktemp("plant"))
    with running(plant.first, *plant.options()) as started:
        yield started, plant


def test_only_an_admin_comes_in_and_who_tried_is_written_down(shared):
    server, plant = shared
    path = "/v2/repository/models/first/unload"
    url = f"{server.control}{path}"

    nobody = httpx.post(url, timeout=60)
    wrong = httpx.post(url, headers={"x-api-key": "sl_no"}, timeout=60)
    user = httpx.post(url, headers=plant.user, timeout=60)
    reader = httpx.get(f"{server.control}/openapi.json", headers=plant.user, timeout=60)

    assert [answer.status_code for answer in (nobody, wrong, user, reader)] == [401, 401, 403, 403]
    tried = [one for one in plant.lines() if one["outcome"] == "refused"]
    assert [(one["action"], one["by"], one["reason"]) for one in tried[:3]] == [
        (f"POST {path}", "", "unauthorized"),
        (f"POST {path}", "", "unauthorized"),
        (f"POST {path}", "line-3", "forbidden"),
    ]


def test_the_two_ports_answer_different_things(shared):
    server, plant = shared

    assert (
        httpx.post(f"{server.url}/v2/repository/models/first/unload", headers=plant.user).status_code == 404
    )
    assert post(server, plant, "/v1/predict", content=PICTURE).status_code == 404
    assert httpx.get(f"{server.control}/livez").status_code == 200


def test_the_index_lists_what_answers_and_what_can_be_loaded(shared):
    server, plant = shared

    listed = {one["name"]: one["state"] for one in post(server, plant, "/v2/repository/index").json()}
    ready = post(server, plant, "/v2/repository/index", json={"ready": True}).json()

    assert listed == {"first": "READY", "second": "UNAVAILABLE", "inner": "UNAVAILABLE"}
    assert [one["name"] for one in ready] == ["first"]


@pytest.mark.parametrize(
    "body, status",
    [
        (b'{"parameters": {"config": "{}"}}', 400),
        (b'{"path": "/etc"}', 400),
        (b"[]", 400),
        (b"{", 400),
        (b"[" * 60_000, 400),
        (b'{"parameters": "' + b"x" * 100_000 + b'"}', 413),
    ],
)
def test_a_body_steers_nothing(shared, body, status):
    server, plant = shared

    assert post(server, plant, "/v2/repository/models/second/load", content=body).status_code == status


def test_a_hang_up_reloads_models_that_changed_and_moves_to_a_new_log(server, plant):
    before, after = bundle_id(plant.first), bundle_id(plant.changed)
    with Traffic(server, plant, "first") as traffic:
        traffic.wait_for(before)
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while not plant.audit.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        plant.audit.rename(plant.folder / "audit.1")
        plant.replace(plant.first, plant.changed)
        server.process.send_signal(signal.SIGHUP)
        traffic.wait_for(after)

    assert {status for status, _ in traffic.answers} == {200}
    entries = [(one["action"], one["by"], one["outcome"]) for one in plant.lines()]
    assert entries == [("reload", "SIGHUP", "done"), ("load", "SIGHUP", "done")]
    assert len((plant.folder / "audit.1").read_text().splitlines()) == 1


def test_a_full_disk_stops_no_server(plant):
    with contextlib.suppress(FileNotFoundError):
        plant.audit = "/dev/full"
        with running(plant.first, *plant.options()) as server:
            loaded = post(server, plant, "/v2/repository/models/second/load")
            metrics = httpx.get(f"{server.url}/metrics", headers=plant.user, timeout=60).text

            assert loaded.status_code == 200
            assert "sightline_audit_lost_total 1.0" in metrics
            assert '"action": "load"' in "".join(server.log).replace("\\", "")


def test_a_line_that_was_torn_does_not_spoil_the_next(tmp_path, monkeypatch):
    import os

    lost = []
    audit = AuditLog(tmp_path / "audit.jsonl", lambda: lost.append(1))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:20]))
    audit.note("load", "a", "x", "done")
    monkeypatch.setattr(os, "write", write)
    audit.note("unload", "a", "x", "done")
    audit.close()

    torn, whole = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert lost == [1]
    assert len(torn) == 20
    assert json.loads(whole)["action"] == "unload"


def test_refusals_without_end_do_not_fill_the_disk(tmp_path):
    audit = AuditLog(tmp_path / "audit.jsonl")
    for _ in range(1000):
        audit.note("POST /", "", "x", "refused")
    audit.note("load", "a", "x", "done")
    audit.close()

    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert len(lines) < 100
    assert json.loads(lines[-1])["refusals_left_out"] == 1000 - (len(lines) - 1)


def test_a_line_in_the_log_is_one_line_whatever_is_in_it(tmp_path):
    audit = AuditLog(tmp_path / "audit.jsonl")
    audit.note("load", "a\nb", "x", "failed", model="m\r\n\x1b[2J", reason="é")
    audit.close()

    text = (tmp_path / "audit.jsonl").read_text()
    assert text.count("\n") == 1
    assert text.isascii()


def test_a_server_has_several_models_by_name(plant, tmp_path):
    with running(plant.first, f"renamed={plant.second}") as server:
        listed = httpx.get(f"{server.url}/v1/models", timeout=60).json()["models"]

    assert [(model["name"], model["bundle"]) for model in listed] == [
        ("first", "first"),
        ("renamed", "second"),
    ]


def test_a_repository_has_places_of_its_own(plant):
    repository = Repository({"first": plant.first}, plant.repository)

    assert list(repository) == ["first", "inner", "second"]
    assert repository.find("first") == plant.first
