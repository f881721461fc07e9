"""The story of a bundle: data, training, export, calibration, evaluation, golden images, seal."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from sightline.bundle import Graph, check_target, read_bundle, write_bundle
from sightline.dataset import Dataset, pixel_batches, write_table
from sightline.evaluation import AnyEvaluation, evaluate_scores
from sightline.evaluation.operating import Fitted, Wishes
from sightline.inference import Engine, OnnxEngine, OutlierScorer, open_session
from sightline.lifecycle.assemble import Exported, Ingredients, assemble_files, assemble_manifest
from sightline.lifecycle.baselines import measure_baselines, not_beaten
from sightline.lifecycle.data_check import write_report
from sightline.lifecycle.decision import check_on, fit_on, wishes_for
from sightline.lifecycle.head import compare_head, take_head
from sightline.lifecycle.judge import sampling_for
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.lifecycle.restart import Restart
from sightline.lifecycle.run_keeper import RunKeeper, saving_of
from sightline.lifecycle.score import score_dataset
from sightline.lifecycle.strangers import Familiar, Strangers, Wanted, caveats, fit_strangers
from sightline.optimize import OPSET, ExportCheck, check_export, export_onnx
from sightline.parallel import Progress
from sightline.quality import CheckReport
from sightline.records import DecisionReport, DecisionRule, OutlierChoice, Scores, activation_of
from sightline.training import (
    Listeners,
    Recipe,
    Team,
    Trained,
    check_network,
    label_risks,
    train,
    unused_keys,
)
from sightline.training import Progress as TrainingProgress

_EXPORT_BATCH = 32
_REFUSE = Restart()


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
    """A finished bundle, its run folder, notes on its data, its figures by split, and seconds by stage.

    rule, decision
        The decision, what it was fitted on and what can be expected of it.
    baselines
        Figures of what the network has to beat, by name, on the last split of `evaluations`.
    outliers
        How strange pictures are told, and why so.
    """

    path: Path
    id: str
    run: Path
    data_check: CheckReport
    notes: tuple[str, ...]
    plan: Mapping[str, str]
    rule: DecisionRule
    decision: DecisionReport
    evaluations: Mapping[str, AnyEvaluation]
    baselines: Mapping[str, AnyEvaluation]
    export: ExportCheck
    outliers: OutlierChoice
    seconds: Mapping[str, float]

    @property
    def data_report(self) -> Path:
        """The report on the data."""
        return self.run / "data" / "report.html"


def build_bundle(
    recipe: Recipe,
    target: Path,
    *,
    listener: Listener,
    training_progress: TrainingProgress | None = None,
    restart: Restart = _REFUSE,
    team: Team | None = None,
) -> Built:
    """Train what the recipe says, write the bundle to `target`, and the record of the run to `<target>-run`.

    team
        The process that speaks for several that train together; the others call `assist_build`.

    Raises:
        InputError: something stands at `target` already, or an unfinished run, and `restart` does not say what to do.
        RecipeError, DatasetError, TrainingError: see `prepare_data` and `sightline.training.train`.
        ExportMismatch: the exported graph does not give what the network gave.
    """
    check_target(target)
    keeper = RunKeeper(recipe, target, restart, listener.note)
    watch = _Watch(listener)
    watch.begin("Checking backbone and weights")
    check_network(recipe)
    watch.begin("Reading the data")
    data = prepare_data(recipe, partial(_listen, listener))
    wishes = wishes_for(recipe.decision, data.train.labels, recipe.task)
    _tell(data, listener)
    for note in (*label_risks(recipe.augmentation, data.train.labels), *unused_keys(recipe, len(data.train))):
        listener.note(note)
    with keeper.keeping(data) as listeners:
        write_data_report(data, keeper.folder.path)
        if team is not None:
            team.wait()
        watch.begin("Training")
        trained = train(
            recipe,
            data.train,
            data.val,
            progress=Listeners(*(one for one in (training_progress, *listeners) if one is not None)),
            saving=keeper.saving(data, team),
            team=team,
        )
        watch.begin("Exporting to ONNX and comparing with the network")
        exported = _export(trained, data, recipe)
        watch.begin("Learning what is strange")
        strangers = _fit_strangers(exported.engine, data, recipe, listener)
        watch.begin("Calibrating and evaluating")
        fitted, evaluations = _evaluate(exported.engine, data, recipe, wishes, strangers, listener)
        for note in _doubts(fitted.report):
            listener.note(note)
        judged = data.test if len(data.test) else data.val
        baselines = measure_baselines(recipe, trained, data.train, judged)
        for note in not_beaten(list(evaluations.values())[-1], baselines):
            listener.note(note)
        watch.begin("Recording the golden images and sealing the bundle")
        parts = Ingredients(
            recipe,
            data,
            trained,
            watch.seconds["Training"],
            exported,
            fitted,
            evaluations,
            baselines,
            strangers,
        )
        files = assemble_files(parts)
        bundle_id = write_bundle(target, assemble_manifest(target.name, parts, files), files)
        read_bundle(target)
        keeper.finish(bundle_id, trained, data.train.labels, evaluations)
    watch.end()
    return Built(
        target,
        bundle_id,
        keeper.folder.path,
        data.checked.report,
        data.notes,
        trained.plan,
        fitted.rule,
        fitted.report,
        evaluations,
        baselines,
        exported.check,
        strangers.choice,
        watch.seconds,
    )


def assist_build(recipe: Recipe, target: Path, restart: Restart, team: Team) -> None:
    """The part of a process that trains together with the one that builds the bundle."""
    team.wait()
    data = prepare_data(recipe)
    train(recipe, data.train, data.val, saving=saving_of(recipe, target, restart, data, team), team=team)


def write_data_report(data: PreparedData, folder: Path) -> None:
    """Write the report on the data to `data/`, and the table of its split to `dataset.parquet`, in a folder."""
    write_report(data.checked, folder / "data")
    write_table(data.checked.dataset, folder / "dataset.parquet")


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


def _export(trained: Trained, data: PreparedData, recipe: Recipe) -> Exported:
    spec, activation = recipe.preprocessing(), activation_of(recipe.task)
    judged = data.test if data.test.samples else data.val
    example = next(pixel_batches(judged, spec, 1))
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(trained.network, path, example=example)
        check = check_export(
            trained.network, path, pixel_batches(judged, spec, _EXPORT_BATCH), activation=activation
        )
        graph = path.read_bytes()
    engine = OnnxEngine(open_session(graph, "model.onnx"))
    embedding, feature_map = engine.run(example, ["embedding", "feature_map"])
    channels, rows, columns = feature_map.shape[1:]
    contract = Graph(
        opset=OPSET, embedding_size=embedding.shape[1], feature_map_shape=(channels, rows, columns)
    )
    head = take_head(trained.network)
    return Exported(graph, check, engine, contract, head, compare_head(head, engine, judged, spec))


def _evaluate(
    engine: Engine,
    data: PreparedData,
    recipe: Recipe,
    wishes: Wishes,
    strangers: Strangers,
    listener: Listener,
) -> tuple[Fitted, dict[str, AnyEvaluation]]:
    scorer = None if strangers.rule is None else OutlierScorer(strangers.rule, strangers.reference)

    def score(dataset: Dataset) -> Scores:
        return score_dataset(
            engine, dataset, recipe.preprocessing(), data.train.labels, listener.progress, task=recipe.task
        )

    on_val = score(data.val)
    if len(data.calibration):
        on_calibration = score(data.calibration)
        fitted = fit_on(on_calibration, data.calibration, wishes, split="calibration", scorer=scorer)
    else:
        fitted = fit_on(on_val, data.val, wishes, split="val", chose_epoch=True, scorer=scorer)
    fitted = replace(fitted, rule=fitted.rule.model_copy(update={"outliers": strangers.rule}))
    evaluations = {"val": evaluate_scores(on_val, fitted.rule, sampling_for(data.val))}
    if data.test.samples:
        on_test = score(data.test)
        fitted = check_on(fitted, on_test, data.test, wishes, "test", scorer)
        evaluations["test"] = evaluate_scores(on_test, fitted.rule, sampling_for(data.test))
    return fitted, evaluations


def _fit_strangers(engine: Engine, data: PreparedData, recipe: Recipe, listener: Listener) -> Strangers:
    wanted = recipe.outliers
    strangers = fit_strangers(
        engine,
        Familiar(data.train, data.val, data.calibration, recipe.task),
        recipe.preprocessing(),
        Wanted(wanted.method, wanted.false_alarm_rate, wanted.neighbours),
        seed=recipe.seed,
        progress=listener.progress,
    )
    for note in caveats(strangers.choice):
        listener.note(note)
    return strangers


def _doubts(report: DecisionReport) -> tuple[str, ...]:
    """What a reader of the decision's figures should know."""
    if report.operating is None:
        return report.calibration.notices
    broken = (one.notice for one in report.operating.aims if one.promised is False)
    return (*report.calibration.notices, *broken, *report.operating.notices)
