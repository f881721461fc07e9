import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from epoch_records import epoch_record
from sightline.errors import InputError, TrainingError
from sightline.training import read_recipe, recipe_for
from sightline.training.run.facts import RunFacts
from sightline.training.run.folder import RunFolder
from sightline.training.run.listeners import Listeners
from sightline.training.run.record import CHECKPOINT_FILE


def facts(*overrides: str) -> RunFacts:
    return RunFacts(
        recipe_for("tiles", overrides),
        dataset={"digest": "ab" * 32, "train": 12, "val": 6},
        environment={"torch": "2.15", "cores": 2},
        command=("sightline", "train", "tiles"),
    )


def begun(path: Path, **how: bool) -> RunFolder:
    folder = RunFolder(path)
    folder.begin(facts("seed=5"), **how)
    return folder


def run_json(path: Path) -> Any:
    return json.loads((path / "run.json").read_text())


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_finished_run_leaves_everything_that_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tiles-run"

    folder = begun(path)
    folder.on_plan({"strategy": "linear: 12 images"})
    folder.on_epoch(epoch_record(1, phase="frozen"))
    folder.on_epoch(epoch_record(2))
    folder.finish({"bundle_id": "cd" * 32, "test": {"accuracy": 0.75, "lift": float("inf")}})

    run = run_json(path)
    assert run["status"] == "finished"
    assert run["seed"] == 5
    assert run["dataset"] == {"digest": "ab" * 32, "train": 12, "val": 6}
    assert run["environment"] == {"torch": "2.15", "cores": 2}
    assert run["command"] == ["sightline", "train", "tiles"]
    assert run["plan"] == {"strategy": "linear: 12 images"}
    assert run["result"] == {"bundle_id": "cd" * 32, "test": {"accuracy": 0.75, "lift": None}}
    assert run["started"] <= run["ended"]
    assert read_recipe(path / "recipe.yaml") == facts("seed=5").recipe
    with Image.open(path / "curves.png") as curves:
        assert curves.size == (1000, 1000)
    assert not list(path.glob(".*.partial"))


def test_each_epoch_is_on_disk_as_soon_as_it_has_ended(tmp_path: Path) -> None:
    folder = begun(tmp_path)

    for epoch in range(3):
        record = epoch_record(epoch, accuracy=0.1 * epoch, **{"f1/a,b": 0.5})
        folder.on_epoch(record)

        assert lines(tmp_path / "metrics.jsonl")[-1] == record.model_dump(mode="json")
        assert run_json(tmp_path)["epoch"] == epoch
        with (tmp_path / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [int(row["epoch"]) for row in rows] == list(range(epoch + 1))
        assert float(rows[-1]["val/accuracy"]) == 0.1 * epoch
        assert rows[-1]["val/f1/a,b"] == "0.5"
    folder.stop("enough")


def test_figures_that_come_up_later_or_are_no_numbers_fit_into_the_same_files(tmp_path: Path) -> None:
    folder = begun(tmp_path)

    folder.on_epoch(epoch_record(1, accuracy=0.5))
    folder.on_epoch(epoch_record(2, accuracy=0.5).model_copy(update={"validation": {"map": float("nan")}}))

    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["val/accuracy"] for row in rows] == ["0.5", ""]
    assert [row["val/map"] for row in rows] == ["", "nan"]
    assert lines(tmp_path / "metrics.jsonl")[1]["validation"] == {"map": None}
    folder.stop("enough")


def test_the_log_has_everything_that_was_told_with_the_time(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    folder.on_stage("Reading the data")
    folder.on_note("2 files were set aside\nand are not used")
    folder.on_plan({"imbalance": "none: the classes are even"})
    folder.on_embed(6, 12)
    folder.on_embed(12, 12)
    folder.on_step(1, 1, 3, 0.5)
    folder.on_epoch(epoch_record(1))
    folder.fail("The loss became nan.")

    told = [line.split("  ", 1) for line in (tmp_path / "train.log").read_text().splitlines()]
    assert all(len(time) == len("2026-01-01T00:00:00Z") and time.endswith("Z") for time, _ in told)
    assert [text for _, text in told if not text.startswith("phase")] == [
        "The run begins.",
        "== Reading the data",
        "note: 2 files were set aside",
        "and are not used",
        "imbalance: none: the classes are even",
        "The backbone has seen all 12 images once.",
        "failed: The loss became nan.",
    ]
    assert any(text.startswith("phase fine_tuning, epoch 1, ") for _, text in told)


@pytest.mark.parametrize("end", ["stop", "fail"])
def test_an_unfinished_run_is_gone_on_with_and_holds_each_epoch_once(end: str, tmp_path: Path) -> None:
    folder = begun(tmp_path)
    folder.on_plan({"strategy": "full: by name"})
    for epoch in (1, 2, 3):
        folder.on_epoch(epoch_record(epoch))
    folder.checkpoint_path.write_bytes(b"weights")
    (tmp_path / ".checkpoint.safetensors.x1.partial").write_bytes(b"half")
    getattr(folder, end)("asked to")
    before = run_json(tmp_path)

    again = begun(tmp_path, resume=True)
    again.on_resume([epoch_record(1), epoch_record(2)])
    again.on_epoch(epoch_record(3))
    again.on_epoch(epoch_record(4))
    again.finish({})

    after = run_json(tmp_path)
    assert before["message"] == "asked to"
    assert before["epoch"] == 3
    assert after["status"] == "finished"
    assert after["message"] is None
    assert after["started"] == before["started"]
    assert len(after["resumed"]) == 1
    assert after["plan"] == {"strategy": "full: by name"}
    assert [line["epoch"] for line in lines(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4]
    assert (tmp_path / "metrics.csv").read_text().count("\n") == 5
    assert again.checkpoint_path.read_bytes() == b"weights"
    assert not list(tmp_path.glob(".*.partial"))


def test_a_run_that_was_replaced_leaves_nothing_of_itself_and_everything_else(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    folder.on_epoch(epoch_record(1))
    folder.checkpoint_path.write_bytes(b"weights")
    (tmp_path / "mlflow.json").write_text("{}")
    folder.finish({"bundle_id": "ab"})
    (tmp_path / "notes of mine.txt").write_text("keep")

    begun(tmp_path, replace=True).stop("at once")

    run = run_json(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".lock", "recipe.yaml", "run.json", "train.log", "notes of mine.txt"}
    assert run["epoch"] is None
    assert run["result"] == {}
    assert run["resumed"] == []


def finished(path: Path) -> None:
    begun(path).finish({})


def stopped(path: Path) -> None:
    folder = begun(path)
    folder.on_epoch(epoch_record(7))
    folder.checkpoint_path.write_bytes(b"the state after epoch 7")
    folder.stop("Ctrl-C")


def strange(path: Path) -> None:
    path.mkdir()
    (path / "photo.jpg").write_bytes(b"")


def a_file(path: Path) -> None:
    path.write_bytes(b"")


def damaged(path: Path) -> None:
    finished(path)
    (path / "run.json").write_text("{")


def newer(path: Path) -> None:
    finished(path)
    text = (path / "run.json").read_text()
    (path / "run.json").write_text(text.replace('"schema_version": 1', '"schema_version": 2'))


REFUSED: dict[str, tuple[Callable[[Path], object], dict[str, bool], str]] = {
    "finished": (finished, {}, "was finished at 20.*--out, or replace it with --fresh"),
    "finished, resume": (finished, {"resume": True}, "was finished at 20.*--fresh"),
    "stopped": (stopped, {}, "that was stopped after epoch 7. Go on with --resume, or .* --fresh"),
    "nothing to resume": (lambda path: None, {"resume": True}, "no run to resume .* Leave --resume out"),
    "empty, resume": (Path.mkdir, {"resume": True}, "no run to resume"),
    "strange": (strange, {"replace": True}, "files that are not those of a run"),
    "a file": (a_file, {}, "is not a folder"),
    "damaged": (damaged, {"replace": True}, "is not the record of a run"),
    "newer": (newer, {"resume": True}, "schema version 2; this Sightline reads up to 1"),
}


@pytest.mark.parametrize("there, how, says", REFUSED.values(), ids=REFUSED)
def test_what_is_there_is_never_lost_unasked(
    there: Callable[[Path], object], how: dict[str, bool], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "tiles-run"
    there(path)
    before = {one: one.read_bytes() for one in path.rglob("*")} if path.is_dir() else {}

    with pytest.raises(InputError, match=says):
        RunFolder(path).check(**how)
    with pytest.raises(InputError, match=says):
        RunFolder(path).begin(facts(), **how)

    assert ({one: one.read_bytes() for one in path.rglob("*")} if path.is_dir() else {}) == before


DYING = """
import os, pathlib, signal, sys, time
from sightline.training.recipe.recipe import Recipe
from sightline.training.run.facts import RunFacts
from sightline.training.run.folder import RunFolder

folder = RunFolder(pathlib.Path(sys.argv[1]))
folder.begin(RunFacts(Recipe(), {"digest": "ab"}))
print("begun", flush=True)
time.sleep(600)
"""


def test_a_run_that_left_nothing_to_go_on_from_makes_room(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    folder.fail("The loss became nan.")

    begun(tmp_path / "run").finish({})

    assert run_json(tmp_path / "run")["status"] == "finished"


def test_a_run_at_work_is_left_alone_and_one_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DYING, str(tmp_path / "run")]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "begun\n"
            for how in ({}, {"resume": True}, {"replace": True}):
                with pytest.raises(InputError, match="A run is at work in .* now"):
                    RunFolder(tmp_path / "run").begin(facts(), **how)
        finally:
            other.kill()

    (tmp_path / "run" / CHECKPOINT_FILE).write_bytes(b"the state after some steps")
    with pytest.raises(InputError, match="ended without a word before its first epoch. Go on with --resume"):
        RunFolder(tmp_path / "run").begin(facts())
    begun(tmp_path / "run", resume=True).finish({})
    assert run_json(tmp_path / "run")["status"] == "finished"


def test_a_folder_that_is_gone_stops_the_run_with_what_to_do(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "elsewhere")

    with pytest.raises(TrainingError, match=r"metrics.jsonl' cannot be written: .* go on with --resume"):
        folder.on_epoch(epoch_record(1))


def test_listeners_are_all_told_in_their_order() -> None:
    told: list[tuple[object, ...]] = []

    class Listener:
        def __init__(self, name: str) -> None:
            self.name = name

        def __getattr__(self, method: str) -> Callable[..., None]:
            return lambda *arguments: told.append((self.name, method, *arguments))

    record = epoch_record(1)
    calls: list[tuple[object, ...]] = [
        ("on_plan", {"strategy": "full"}),
        ("on_resume", [record]),
        ("on_embed", 1, 2),
        ("on_step", 1, 2, 3, 0.5),
        ("on_epoch", record),
        ("on_note", "slow"),
    ]
    both = Listeners(Listener("first"), Listener("second"))

    for name, *arguments in calls:
        getattr(both, str(name))(*arguments)

    assert told == [(name, *call) for call in calls for name in ("first", "second")]
