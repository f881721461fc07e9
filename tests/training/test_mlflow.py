import http.server
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from epoch_records import epoch_record
from mlflow_server import MlflowServer, mlflow_server
from sightline.errors import InputError
from sightline.training import recipe_for
from sightline.training.run.facts import RunFacts
from sightline.training.run.folder import RunFolder
from sightline.training.run.mlflow import MlflowTracker
from sightline.training.run.mlflow_client import key_for

# The server is that of the client's package, with what its database needs.
for package in ("mlflow", "alembic", "sqlalchemy", "flask"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as running:
        yield running


def facts(*overrides: str) -> RunFacts:
    return RunFacts(recipe_for("tiles", overrides), dataset={"digest": "ab" * 32, "train": 12})


class Recorded:
    """A run as `sightline train` records it: folder first, then tracker."""

    def __init__(self, path: Path, url: str, experiment: str) -> None:
        self.notes: list[str] = []
        self.folder = RunFolder(path)
        self.tracker = MlflowTracker(url, experiment, "tiles", folder=path, note=self.notes.append)

    def begin(self, *overrides: str, resume: bool = False) -> None:
        self.tracker.check()
        self.folder.begin(facts(*overrides), resume=resume)
        self.tracker.begin(facts(*overrides))

    def tell(self, name: str, *arguments: Any) -> None:
        getattr(self.folder, name)(*arguments)
        getattr(self.tracker, name)(*arguments)


def params_of(run: Any) -> dict[str, str]:
    return {one["key"]: one["value"] for one in run["data"]["params"]}


def tags_of(run: Any) -> dict[str, str]:
    return {one["key"]: one["value"] for one in run["data"]["tags"]}


def metrics_of(run: Any) -> dict[str, float]:
    return {one["key"]: one["value"] for one in run["data"]["metrics"]}


def test_a_finished_run_is_on_the_server_with_all_that_belongs_to_it(
    server: MlflowServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = Recorded(tmp_path, server.url, "finished")

    run.begin("training.epochs=2", "augmentation=[{ColorJitter: {brightness: 0.2}}]")
    run.tell("on_plan", {"strategy": "linear: 12 images"})
    run.tell("on_epoch", epoch_record(1, accuracy=0.5, **{"f1/a&b (c)": 0.25}))
    run.tell("on_epoch", epoch_record(2, accuracy=0.75))
    run.tell("finish", {"bundle_id": "cd" * 32, "best_epoch": 2, "test": {"accuracy": 0.7}})

    [there] = server.runs("finished")
    run_id = there["info"]["run_id"]
    assert there["info"]["status"] == "FINISHED"
    assert there["info"]["run_name"] == "tiles"
    assert params_of(there)["training.epochs"] == "2"
    assert params_of(there)["model.backbone"] == "mobilenetv2_100"
    assert params_of(there)["augmentation.0.ColorJitter.brightness"] == "0.2"
    assert params_of(there)["training.ema"] == "null"
    tags = tags_of(there)
    assert tags["dataset.digest"] == "ab" * 32
    assert tags["bundle_id"] == "cd" * 32
    assert tags["plan.strategy"] == "linear: 12 images"
    assert server.history(run_id, "val/accuracy") == [(1, 0.5), (2, 0.75)]
    assert server.history(run_id, "val/f1/a_26_b _28_c_29_") == [(1, 0.25)]
    assert metrics_of(there)["test/accuracy"] == 0.7
    assert metrics_of(there)["best_epoch"] == 2
    for name in ("recipe.yaml", "metrics.csv", "curves.png"):
        assert server.file(there, name) == (tmp_path / name).read_bytes()
    assert run.notes == []
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("end, status", [("fail", "FAILED"), ("stop", "KILLED")])
def test_a_run_that_did_not_finish_says_how_it_ended(
    end: str, status: str, server: MlflowServer, tmp_path: Path
) -> None:
    run = Recorded(tmp_path, server.url, end)

    run.begin()
    run.tell("on_epoch", epoch_record(1))
    run.tell(end, "because")

    [there] = server.runs(end)
    assert there["info"]["status"] == status
    assert tags_of(there)["message"] == "because"
    assert server.file(there, "metrics.csv")


def test_a_resumed_run_stays_one_run_with_each_epoch_once(server: MlflowServer, tmp_path: Path) -> None:
    first = Recorded(tmp_path, server.url, "resumed")
    first.begin("training.epochs=2")
    first.tell("on_epoch", epoch_record(1))
    first.tell("on_epoch", epoch_record(2))
    first.tell("stop", "Ctrl-C")

    again = Recorded(tmp_path, server.url, "resumed")
    again.begin("training.epochs=3", resume=True)
    again.tell("on_resume", [epoch_record(1)])
    again.tell("on_epoch", epoch_record(2))
    again.tell("on_epoch", epoch_record(3))
    again.tell("finish", {})

    [there] = server.runs("resumed")
    assert there["info"]["status"] == "FINISHED"
    assert [step for step, _ in server.history(there["info"]["run_id"], "train_loss")] == [1, 2, 3]
    assert again.notes == []


def test_more_parameters_and_metrics_than_one_request_takes_all_arrive(
    server: MlflowServer, tmp_path: Path
) -> None:
    run = Recorded(tmp_path, server.url, "many")
    jitters = ", ".join("{ColorJitter: {brightness: 0.2}}" for _ in range(120))
    classes = {f"f1/{index}": index / 2000 for index in range(1200)}

    run.begin(f"augmentation=[{jitters}]")
    run.tell("on_epoch", epoch_record(1, **classes))
    run.tell("finish", {})

    [there] = server.runs("many")
    assert len(params_of(there)) > 120
    assert params_of(there)["augmentation.119.ColorJitter.brightness"] == "0.2"
    assert {f"val/{name}" for name in classes} <= set(metrics_of(there))


def test_a_server_that_goes_away_is_told_of_once_and_given_what_it_missed(
    server: MlflowServer, tmp_path: Path
) -> None:
    run = Recorded(tmp_path, server.url, "outage")
    run.begin()
    run.tell("on_epoch", epoch_record(1))

    server.stop()
    for epoch in (2, 3, 4):
        run.tell("on_epoch", epoch_record(epoch))
    lost = list(run.notes)
    server.start()
    run.tell("finish", {"bundle_id": "cd"})

    [there] = server.runs("outage")
    assert [step for step, _ in server.history(there["info"]["run_id"], "seconds")] == [1, 2, 3, 4]
    assert there["info"]["status"] == "FINISHED"
    assert len(lost) == 1
    assert lost[0].startswith(f"MLflow at '{server.url}' does not record this run now: ")
    assert run.notes[1:] == [
        f"MLflow at '{server.url}' answers again, and has been given what it had missed."
    ]


@pytest.fixture
def hanging_up() -> Iterator[tuple[str, list[object]]]:
    """The address of a server that hangs up on everyone, and everyone who called."""
    callers: list[object] = []

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            callers.append(self.client_address)

    with socketserver.TCPServer(("127.0.0.1", 0), HangUp) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_address[1]}", callers
        web.shutdown()


def test_a_server_that_never_answers_costs_one_note_and_few_calls(
    hanging_up: tuple[str, list[object]], tmp_path: Path
) -> None:
    url, callers = hanging_up
    run = Recorded(tmp_path, url, "nobody")

    run.begin()
    for epoch in range(1, 30):
        run.tell("on_epoch", epoch_record(epoch))
    run.tell("finish", {})

    assert len(run.notes) == 1
    assert len(callers) <= 3  # before training, at the end, and once between on a very slow machine
    assert (tmp_path / "metrics.jsonl").read_text().count("\n") == 29


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:5000",
        "sqlite:///runs.db",
        "mlruns",
        "databricks",
        "http://",
        "http://[half",
        "http://host:x",
    ],
)
def test_what_is_no_address_of_a_server_is_refused_before_training(uri: str, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="tracking.mlflow: .* is not the address of an MLflow tracking server"
    ):
        MlflowTracker(uri, "any", "tiles", folder=tmp_path, note=pytest.fail).check()


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tracking.mlflow: the address holds a name or password") as caught:
        MlflowTracker("http://me:secret@host:5000", "any", "tiles", folder=tmp_path, note=pytest.fail).check()

    assert "secret" not in str(caught.value)


@pytest.fixture(params=[404, 401, 200], ids=["knows nothing", "refuses", "says something else"])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """A web server that is no MLflow."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param)
            self.end_headers()
            self.wfile.write(b"<html>Hello</html>")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def test_a_server_of_another_kind_is_refused_before_training(stranger: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"'{stranger}' does not answer as an MLflow tracking server"):
        MlflowTracker(stranger, "any", "tiles", folder=tmp_path, note=pytest.fail).check()


def test_an_experiment_that_was_deleted_is_refused_before_training(
    server: MlflowServer, tmp_path: Path
) -> None:
    made = server.ask("POST", "experiments/create", json={"name": "gone"})
    server.ask("POST", "experiments/delete", json=made)

    with pytest.raises(InputError, match="tracking.experiment: 'gone' was deleted on .* Restore it"):
        MlflowTracker(server.url, "gone", "tiles", folder=tmp_path, note=pytest.fail).check()


@pytest.mark.parametrize(
    "name, key",
    [
        ("val/f1/small-crack_2", "val/f1/small-crack_2"),
        ("val/f1/größe", "val/f1/größe"),
        ("f1/a(b)", "f1/a_28_b_29_"),
        ("f1/..", "f1/_.."),
        ("f1//x/", "f1/_/x/_"),
        ("k" * 300, "k" * 250),
    ],
    ids=["plain", "letters of all kinds", "signs", "dots", "slashes", "long"],
)
def test_names_become_keys_that_the_server_takes(name: str, key: str) -> None:
    from mlflow.utils.validation import _validate_metric_name

    assert key_for(name) == key
    _validate_metric_name(key)


# Outside of pytest and of continuous integration, where the library would leave telemetry off by itself.
UNTRACKED = """
import os, sys
from sightline.training.run.mlflow_client import connect
before = dict(os.environ)
connect("http://127.0.0.1:9")
from mlflow.telemetry.client import get_telemetry_client
print(get_telemetry_client(), dict(os.environ) == before)
"""


def test_nothing_is_told_to_others_and_the_environment_stays_as_it_was(tmp_path: Path) -> None:
    wanted = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in wanted if name in os.environ} | {"HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNTRACKED],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout.split() == ["None", "True"], done.stderr
