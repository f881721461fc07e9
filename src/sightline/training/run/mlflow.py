"""A run as an MLflow tracking server records it: parameters, metrics, tags and files."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from sightline.errors import InputError
from sightline.training.run.facts import RunFacts
from sightline.training.run.figures import flat_record, flatten_keys
from sightline.training.run.mlflow_client import connect, is_outage, key_for, log, mlflow_run, reason
from sightline.whole_file import write_whole

if TYPE_CHECKING:
    from sightline.training.loop.history import EpochRecord

RUN_ID_FILE = "mlflow.json"
_ARTEFACTS = ("recipe.yaml", "metrics.csv", "curves.png")
# A server that has failed is tried again when this many times what the failure took has gone by, or this long.
_WAITING_SHARE = 30
_PAUSE_S = 30.0


class MlflowTracker:
    """Records a run on a server, beside the run's own folder, and is a listener of the run.

    Parameters are the recipe's keys (`training.epochs`), metrics the figures of each epoch (`val/accuracy`, step =
    epoch) and the numbers of the result, tags the data set (`dataset.digest`), the plan (`plan.strategy`) and the
    texts of the result (`bundle_id`); files are recipe.yaml, metrics.csv and curves.png, at the end. The status
    becomes FINISHED, FAILED or KILLED. A run that is resumed stays the same run there, each epoch once.

    An outage of the server is told once by `note` and never ends the run; what it has missed, it is given when it
    answers again, at the latest attempt at the end. No request waits longer than ten seconds.

    folder
        The run's folder; `RunFolder` begins and ends before the tracker does.
    """

    def __init__(
        self, uri: str, experiment: str, run_name: str, *, folder: Path, note: Callable[[str], None]
    ) -> None:
        self._uri = uri
        self._experiment = experiment
        self._run_name = run_name
        self._folder = folder
        self._note = note
        self._client: Any = None
        self._run_id: str | None = None
        self._params: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._figures: dict[str, float] = {}
        self._records: list[EpochRecord] = []
        self._sent: set[int] = set()
        self._out = False
        self._next_try = 0.0

    def check(self) -> None:
        """Ask the server for the experiment, before training. An outage is told by `note`.

        Raises:
            MissingExtra: the extra [mlflow] is not installed.
            InputError: the address is none, no tracking server answers there, or it refuses.
        """
        _require_address(self._uri)
        self._client = connect(self._uri)
        try:
            found = self._client.get_experiment_by_name(self._experiment)
        except Exception as err:  # mlflow raises whatever its transport does
            if is_outage(err):
                self._lose(err, 0)
                return
            raise InputError(
                f"tracking.mlflow: '{self._uri}' does not answer as an MLflow tracking server: {reason(err)}. "
                "Correct the address, or the credentials in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD or "
                "MLFLOW_TRACKING_TOKEN."
            ) from err
        if found is not None and found.lifecycle_stage != "active":
            raise InputError(
                f"tracking.experiment: '{self._experiment}' was deleted on '{self._uri}'. Restore it there, or name "
                "another."
            )

    def begin(self, facts: RunFacts) -> None:
        """Make the run on the server, or go on with the one that the run's folder remembers; `check` comes first."""
        recipe = facts.recipe.model_dump(mode="json")
        self._params = {key: _text(value) for key, value in flatten_keys(recipe)}
        self._tags |= {key: _text(value) for key, value in flatten_keys(dict(facts.dataset), "dataset")}
        self._attempt(self._send)

    def on_resume(self, history: Sequence["EpochRecord"]) -> None:
        """Take the epochs of a resumed run; those that the server knows are not sent again."""
        self._records = list(history)
        self._attempt(self._send)

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """Sent as tags."""
        self._tags |= {f"plan.{name}": reason for name, reason in plan.items()}
        self._attempt(self._send)

    def on_stage(self, title: str) -> None:
        """Ignored."""

    def on_note(self, text: str) -> None:
        """Ignored: the run's folder has it."""

    def on_embed(self, done: int, total: int) -> None:
        """Ignored."""

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Ignored: the epoch's record has the mean."""

    def on_epoch(self, record: "EpochRecord") -> None:
        """Sent as metrics."""
        self._records.append(record)
        self._attempt(self._send)

    def finish(self, result: Mapping[str, JsonValue]) -> None:
        """Send the result and the files, and say that the run is finished."""
        for key, value in flatten_keys(dict(result), joint="/"):
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._figures[key] = float(value)
            else:
                self._tags[key] = _text(value)
        self._end("FINISHED")

    def stop(self, message: str) -> None:
        """Send the files, and say that the run was stopped."""
        self._tags["message"] = message
        self._end("KILLED")

    def fail(self, message: str) -> None:
        """Send the files, and say that the run failed."""
        self._tags["message"] = message
        self._end("FAILED")

    def _end(self, status: str) -> None:
        self._next_try = 0.0
        self._attempt(lambda: self._send_all(status))

    def _attempt(self, action: Callable[[], None]) -> None:
        if time.monotonic() < self._next_try:
            return
        started = time.monotonic()
        try:
            action()
        except (
            Exception
        ) as err:  # the server's store and its credentials have libraries and errors of their own
            self._lose(err, time.monotonic() - started)
            return
        if self._out:
            self._out = False
            self._note(f"MLflow at '{self._uri}' answers again, and has been given what it had missed.")

    def _lose(self, err: Exception, seconds: float) -> None:
        if not self._out:
            self._note(
                f"MLflow at '{self._uri}' does not record this run now: {reason(err)}. The run goes on, its folder "
                "has everything, and the server is tried again from time to time."
            )
        self._out = True
        self._next_try = time.monotonic() + max(_PAUSE_S, _WAITING_SHARE * seconds)

    def _send_all(self, status: str) -> None:
        self._send()
        for name in _ARTEFACTS:
            if (self._folder / name).is_file():
                self._client.log_artifact(self._run_id, str(self._folder / name))
        self._client.set_terminated(self._run_id, status=status)

    def _send(self) -> None:
        """Everything that the server does not have yet."""
        if self._client is None:
            self._client = connect(self._uri)
        if self._run_id is None:
            self._open_run()
        assert self._run_id is not None
        fresh = [record for record in self._records if record.epoch not in self._sent]
        metrics = [(name, value, 0) for name, value in self._figures.items()]
        for record in fresh:
            metrics += [(name, value, record.epoch) for name, value in _numbers(flat_record(record)).items()]
        log(self._client, self._run_id, self._params, self._tags, metrics)
        self._params, self._tags, self._figures = {}, {}, {}
        self._sent |= {record.epoch for record in fresh}

    def _open_run(self) -> None:
        run = mlflow_run(self._client, self._experiment, self._run_name, self._remembered())
        self._sent = run.epochs
        # A parameter cannot be changed there, and a resumed run may well have another number of epochs.
        self._params = {key: value for key, value in self._params.items() if key_for(key) not in run.params}
        content = json.dumps({"uri": self._uri, "run_id": run.id}) + "\n"
        write_whole(self._folder / RUN_ID_FILE, content.encode())
        self._run_id = run.id

    def _remembered(self) -> str | None:
        try:
            content = json.loads((self._folder / RUN_ID_FILE).read_bytes())
        except (OSError, ValueError):
            return None
        return str(content["run_id"]) if content.get("uri") == self._uri else None


def _numbers(flat: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in flat.items()
        if name != "epoch" and isinstance(value, int | float) and math.isfinite(value)
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _require_address(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InputError(
            f"tracking.mlflow: '{uri}' is not the address of an MLflow tracking server, such as http://host:5000."
        )
    if parts.username is not None:
        # Recipes are kept in bundles and sent to the server; the address is not shown here for the same reason.
        raise InputError(
            "tracking.mlflow: the address holds a name or password, which would end up in the bundle. Take it out, and "
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
        )
