"""The whole thread once, on generated pictures: data, training, bundle, server, answers over HTTP."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sightline.dataset import read_dataset
from sightline.demo.generate import generate_dataset
from sightline.demo.options import DemoOptions
from sightline.demo.server import running_server
from sightline.errors import InputError, SightlineError
from sightline.inference import load, verify_bundle
from sightline.lifecycle import Agreement, RemoteServer, compare_with_server, judge
from sightline.lifecycle.build import Built, Listener, build_bundle
from sightline.records import Task
from sightline.training import Progress, recipe_for

_MARK = ".sightline-demo"
# A residual network of 0.4 million weights, from scratch: the demonstration must not need a model hub.
_RECIPE = (
    "model.backbone=test_resnet",
    "model.pretrained=false",
    "model.dropout=0",
    "data.input_size=96",
    "data.resize=squash",
    "augmentation=[RandomResizedCrop: {scale: [0.75, 1.0], ratio: [0.9, 1.1]}, RandomHorizontalFlip: {},"
    " RandomVerticalFlip: {}]",
    "training.epochs=14",
    "training.learning_rate=4e-3",
    "training.warmup_epochs=2",
    "training.label_smoothing=0",
)


@dataclass(frozen=True)
class Demonstrated:
    """What the demonstration made and found; seconds by stage."""

    data: Path
    bundle: Path
    built: Built
    agreement: Agreement
    seconds: Mapping[str, float]


def run_demo(
    folder: Path,
    *,
    images: int,
    seed: int,
    listener: Listener,
    training_progress: Progress,
    task: Task = "multiclass",
) -> Demonstrated:
    """Run every part on an inspection line that is generated into `folder`.

    task
        With `multilabel` a piece has all its kinds of defect as labels, and a sound one none.

    A folder that an earlier demonstration made is replaced; any other that is not empty is refused.

    Raises:
        InputError: `folder` holds something else.
        SightlineError: a part failed; that is what a demonstration is for.
    """
    _make_room(folder)
    started = time.perf_counter()
    listener.stage("Generating pictures of an inspection line")
    generate_dataset(
        folder / "data",
        _options(images, seed, task),
        progress=lambda done: listener.progress(done, max(done, images)),
    )
    generated = time.perf_counter() - started
    recipe = recipe_for(folder / "data", (*_RECIPE, f"seed={seed}", f"task={task}"))
    built = build_bundle(
        recipe, folder / "inspection", listener=listener, training_progress=training_progress
    )
    started = time.perf_counter()
    listener.stage("Verifying the bundle")
    failed = [check for check in verify_bundle(built.path) if check.outcome != "passed"]
    if failed:
        raise SightlineError(f"The bundle does not verify: {failed[0].detail}")
    agreement = _ask_server(folder, listener)
    seconds = {
        "Generating": generated,
        **built.seconds,
        "Verifying and serving": time.perf_counter() - started,
    }
    return Demonstrated(folder / "data", built.path, built, agreement, seconds)


def _options(images: int, seed: int, task: Task) -> DemoOptions:
    return DemoOptions(
        images=images,
        seed=seed,
        task=task,
        layout="folders" if task == "multiclass" else "metadata",
        damaged=0.02,
        exact_duplicates=0.02,
        near_duplicates=0.04,
    )


def _ask_server(folder: Path, listener: Listener) -> Agreement:
    predictor = load(folder / "inspection")
    judged = judge(predictor, read_dataset(folder / "data"), "test")
    listener.stage("Serving, and asking the server about every test image")
    with running_server(folder / "inspection") as url:
        agreement = compare_with_server(judged, predictor, RemoteServer(url), listener.progress)
    if not agreement.holds:
        raise SightlineError(f"The server's answers are not those of the evaluation: {agreement}")
    return agreement


def _make_room(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).is_file():
            raise InputError(
                f"'{folder}' is not empty and was not made by the demo. Choose another with --out."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("Made by `sightline demo`, which replaces this folder when it runs again.\n")
