"""The story of a bundle: data, training, export, calibration, evaluation, golden images, seal."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from sightline.bundle import Graph, check_target, read_bundle, write_bundle
from sightline.dataset import pixel_batches, write_table
from sightline.evaluation import Evaluation, evaluate, fit_temperature
from sightline.inference import Engine, open_session
from sightline.lifecycle.assemble import Exported, Ingredients, assemble_files, assemble_manifest
from sightline.lifecycle.data_check import write_report
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.lifecycle.score import score_dataset
from sightline.optimize import OPSET, ExportCheck, check_export, export_onnx
from sightline.parallel import Progress
from sightline.quality import CheckReport
from sightline.records import DecisionRule, Preprocessing
from sightline.training import Progress as TrainingProgress
from sightline.training import Recipe, Trained, check_network, train

_EXPORT_BATCH = 32


class Listener(Protocol):
    """Told how far a build is."""

    def stage(self, title: str) -> None:
        """A stage begins."""

    def progress(self, done: int, total: int) -> None:
        """So much of the stage is done."""

    def note(self, text: str) -> None:
        """Something that a reader of the figures should know."""


@dataclass(frozen=True)
class Built:
    """A finished bundle, the report and notes on its data, its figures by split, and seconds by stage."""

    path: Path
    id: str
    data_report: Path
    data_check: CheckReport
    notes: tuple[str, ...]
    evaluations: Mapping[str, Evaluation]
    export: ExportCheck
    seconds: Mapping[str, float]


def build_bundle(
    recipe: Recipe, target: Path, *, listener: Listener, training_progress: TrainingProgress | None = None
) -> Built:
    """Train what the recipe says and write the bundle to `target`.

    Raises:
        InputError: something stands at `target` already.
        RecipeError, DatasetError, TrainingError: see `prepare_data` and `sightline.training.train`.
        ExportMismatch: the exported graph does not give what the network gave.
    """
    check_target(target)
    watch = _Watch(listener)
    watch.begin("Checking backbone and weights")
    check_network(recipe)
    watch.begin("Reading the data")
    data = prepare_data(recipe, partial(_listen, listener))
    _tell(data, listener)
    report = write_data_report(data, target)
    watch.begin("Training")
    trained = train(recipe, data.train, data.val, progress=training_progress)
    watch.begin("Exporting to ONNX and comparing with the network")
    exported = _export(trained, data, recipe.preprocessing())
    watch.begin("Calibrating and evaluating")
    rule, evaluations = _evaluate(exported.engine, data, recipe.preprocessing(), listener)
    watch.begin("Recording the golden images and sealing the bundle")
    parts = Ingredients(recipe, data, trained, watch.seconds["Training"], exported, rule, evaluations)
    files = assemble_files(parts)
    bundle_id = write_bundle(target, assemble_manifest(target.name, parts, files), files)
    read_bundle(target)
    watch.end()
    return Built(
        target, bundle_id, report, data.checked.report, data.notes, evaluations, exported.check, watch.seconds
    )


def write_data_report(data: PreparedData, target: Path) -> Path:
    """Write the report on the data, and the table of its split, to the folder `<target>-data`."""
    folder = target.resolve().with_name(f"{target.resolve().name}-data")
    write_report(data.checked, folder)
    write_table(data.checked.dataset, folder / "dataset.parquet")
    return folder


def _listen(listener: Listener, title: str) -> Progress:
    listener.stage(title)
    return listener.progress


class _Watch:
    """Tells the listener of each stage and keeps how long it took."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._current: str | None = None
        self._started = 0.0
        self.seconds: dict[str, float] = {}

    def begin(self, stage: str) -> None:
        self.end()
        self._current, self._started = stage, time.perf_counter()
        self._listener.stage(stage)

    def end(self) -> None:
        if self._current is not None:
            self.seconds[self._current] = time.perf_counter() - self._started
            self._current = None


def _tell(data: PreparedData, listener: Listener) -> None:
    for note in data.notes:
        listener.note(note)
    if data.quarantine:
        first = data.quarantine[0]
        listener.note(
            f"{len(data.quarantine)} files were set aside and are not used, the first: '{first.path}' "
            f"({first.reason}). {first.message} The bundle's quarantine.csv lists all of them."
        )
    if not data.test.samples:
        listener.note("There is no test split: the figures are those of val, which chose the epoch.")


def _export(trained: Trained, data: PreparedData, spec: Preprocessing) -> Exported:
    judged = data.test if data.test.samples else data.val
    example = next(pixel_batches(judged, spec, 1))
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(trained.network, path, example=example)
        check = check_export(trained.network, path, pixel_batches(judged, spec, _EXPORT_BATCH))
        graph = path.read_bytes()
    engine = Engine(open_session(graph, "model.onnx"))
    embedding, feature_map = engine.run(example, ["embedding", "feature_map"])
    channels, rows, columns = feature_map.shape[1:]
    contract = Graph(
        opset=OPSET, embedding_size=embedding.shape[1], feature_map_shape=(channels, rows, columns)
    )
    return Exported(graph, check, engine, contract)


def _evaluate(
    engine: Engine, data: PreparedData, spec: Preprocessing, listener: Listener
) -> tuple[DecisionRule, dict[str, Evaluation]]:
    labels = data.train.labels
    on_val = score_dataset(engine, data.val, spec, labels, listener.progress)
    on_calibration = (
        score_dataset(engine, data.calibration, spec, labels, listener.progress)
        if len(data.calibration)
        else on_val
    )
    rule = DecisionRule(temperature=fit_temperature(on_calibration))
    evaluations = {"val": evaluate(on_val, rule)}
    if data.test.samples:
        on_test = score_dataset(engine, data.test, spec, labels, listener.progress)
        evaluations["test"] = evaluate(on_test, rule)
    return rule, evaluations
