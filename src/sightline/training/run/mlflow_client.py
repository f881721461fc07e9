"""What is said to MLflow's client library, and how it is kept within bounds."""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sightline.extras import require

# Defaults of the library's own environment variables: whoever sets one of these keeps his value. As it comes, the
# library would hold up a training for minutes at each epoch, and print on standard output.
_BOUNDS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": 10,
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": 0,
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": True,
}
_TELEMETRY = "MLFLOW_DISABLE_TELEMETRY"
# What the server takes in one request, and in one entry; keys are counted in characters.
_PARAMS_OR_TAGS = 100
_METRICS = 500
_KEY_LENGTH = 250
_PARAM_LENGTH = 6000
_TAG_LENGTH = 5000


@dataclass(frozen=True)
class MlflowRun:
    """A run on the server, and what it has there already: names of parameters, numbers of epochs."""

    id: str
    params: frozenset[str] = frozenset()
    epochs: set[int] = field(default_factory=set)


def connect(uri: str) -> Any:
    """A client of the tracking server at `uri`; nothing is sent yet.

    Raises:
        MissingExtra: the extra [mlflow] is not installed.
    """
    mlflow = _imported()
    variables = require("mlflow.environment_variables")
    for name, value in _BOUNDS.items():
        getattr(variables, name).default = value
    return mlflow.MlflowClient(tracking_uri=uri)


def mlflow_run(client: Any, experiment: str, name: str, known: str | None) -> MlflowRun:
    """The run whose id is known, set to RUNNING, or if there is no such run a new one in the experiment."""
    found = None if known is None else _known_run(client, known)
    if found is not None:
        client.update_run(found.info.run_id, status="RUNNING")
        epochs = {metric.step for metric in client.get_metric_history(found.info.run_id, "seconds")}
        return MlflowRun(found.info.run_id, frozenset(found.data.params), epochs)
    there = client.get_experiment_by_name(experiment)
    experiment_id = client.create_experiment(experiment) if there is None else there.experiment_id
    return MlflowRun(client.create_run(experiment_id, run_name=name).info.run_id)


def log(
    client: Any,
    run_id: str,
    params: Mapping[str, str],
    tags: Mapping[str, str],
    metrics: Sequence[tuple[str, float, int]],
) -> None:
    """Send parameters, tags and metrics (name, value, step), in as many requests as the server wants."""
    entities = require("mlflow.entities")
    now_ms = int(time.time() * 1000)
    for part in _parts(list(params.items()), _PARAMS_OR_TAGS):
        client.log_batch(
            run_id, params=[entities.Param(key_for(key), value[:_PARAM_LENGTH]) for key, value in part]
        )
    for part in _parts(list(tags.items()), _PARAMS_OR_TAGS):
        client.log_batch(
            run_id, tags=[entities.RunTag(key_for(key), value[:_TAG_LENGTH]) for key, value in part]
        )
    for part in _parts(metrics, _METRICS):
        client.log_batch(
            run_id, metrics=[entities.Metric(key_for(key), value, now_ms, step) for key, value, step in part]
        )


def key_for(name: str) -> str:
    """A name as MLflow takes it: other characters than word characters, `/ . - :` and blanks become `_hex_`."""
    key = re.sub(r"[^/\w.\- :]", lambda found: f"_{ord(found.group()):x}_", name)
    # Read as a path, a key must not shrink: no //, no /./, no / at either end.
    key = "/".join(part if part.strip(".") else f"_{part}" for part in key.split("/"))
    return key[:_KEY_LENGTH].rstrip("/")


def is_outage(err: BaseException) -> bool:
    """Whether the server did not answer, or said itself that it cannot now, rather than refused."""
    from requests import exceptions

    one: BaseException | None = err
    while one is not None:
        if isinstance(one, exceptions.SSLError):
            return False
        if isinstance(one, exceptions.ConnectionError | exceptions.Timeout | exceptions.RetryError):
            return True
        one = one.__cause__ or one.__context__
    return False


def reason(err: BaseException) -> str:
    """The first line of an error, not too long, without its own full stop."""
    text = str(err).strip() or type(err).__name__
    line = text.splitlines()[0]
    return (line if len(line) <= 300 else f"{line[:297]}...").rstrip(".")


def _imported() -> Any:
    """MLflow, without the telemetry that importing it would begin: a run's address is nobody's business."""
    set_by_user = _TELEMETRY in os.environ
    os.environ.setdefault(_TELEMETRY, "true")
    try:
        return require("mlflow")
    finally:
        if not set_by_user:
            del os.environ[_TELEMETRY]


def _known_run(client: Any, run_id: str) -> Any:
    exceptions = require("mlflow.exceptions")
    try:
        run = client.get_run(run_id)
    except exceptions.RestException as err:
        if err.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _parts(entries: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
