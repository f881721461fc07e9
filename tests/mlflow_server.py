"""A real MLflow tracking server in a process group of its own, on a free loopback port."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx


class MlflowServer:
    """Starts, stops and starts again at one address, and answers what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder / 'runs.db'}"]
        command += ["--artifacts-destination", str(self.folder / "files")]
        # The jobs are a part of the server that needs more packages; recording runs needs none of them.
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=30).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "server.log").read_text())

    def stop(self) -> None:
        """Its workers with it: the group is its own."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(120)
            self._process = None

    def ask(self, method: str, path: str, **what: Any) -> Any:
        answer = httpx.request(method, f"{self.url}/api/2.0/mlflow/{path}", timeout=60, **what)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def runs(self, experiment: str) -> list[Any]:
        found = self.ask("GET", "experiments/get-by-name", params={"experiment_name": experiment})
        wanted = {"experiment_ids": [found["experiment"]["experiment_id"]]}
        return list(self.ask("POST", "runs/search", json=wanted).get("runs", []))

    def history(self, run_id: str, metric: str) -> list[tuple[int, float]]:
        asked = {"run_id": run_id, "metric_key": metric}
        points = self.ask("GET", "metrics/get-history", params=asked)["metrics"]
        return [(point["step"], point["value"]) for point in points]

    def file(self, run: Any, name: str) -> bytes:
        place = run["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
        url = f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{place}/{name}"
        answer = httpx.get(url, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[MlflowServer]:
    server = MlflowServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
