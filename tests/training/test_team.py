"""Two processes that train together, started by torchrun on loopback, against one process with the same batches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quadrants import draw_quadrants, quick

SCRIPT = """
import json, sys
import torch
torch.set_num_threads(1)
from sightline.dataset import read_dataset
from sightline.training import join_team, recipe_for, train
dataset = read_dataset(sys.argv[1])
with join_team() as team:
    trained = train(
        recipe_for("images", sys.argv[3:]), dataset.of_split("train"), dataset.of_split("val"), team=team
    )
    if team.speaks:
        rows = [(r.epoch, r.train_loss, r.validation) for r in trained.history]
        weights = {k: v.double().sum().item() for k, v in trained.network.state_dict().items()}
        open(sys.argv[2], "w").write(json.dumps([rows, weights]))
"""


def curve(
    folder: Path, processes: int, *overrides: str
) -> tuple[list[tuple[int, float, dict]], dict[str, float]]:
    (folder / "script.py").write_text(SCRIPT)
    out = folder / f"{processes}.json"
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *launcher, str(folder / "script.py"), str(folder / "images"), str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [*command, *quick(*overrides)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows, weights = json.loads(out.read_text())
    return rows, weights


@pytest.mark.parametrize(
    "options",
    [
        # Batch norm sees half of each batch in two processes: this backbone has none.
        (
            "model.backbone=test_convnext",
            "imbalance=class_weights",
            "augmentation=[{RandomHorizontalFlip: {}}]",
        ),
        ("model.backbone=test_convnext", "training.gradient_accumulation=2", "data.batch_size=10"),
    ],
    ids=["augmented", "batches that do not come out even"],
)
def test_two_processes_give_the_curve_of_one(tmp_path: Path, options: tuple[str, ...]) -> None:
    draw_quadrants(tmp_path / "images", size_px=64)
    overrides = ("training.mixed_precision=false", "data.input_size=64", *options)

    one, weights_of_one = curve(tmp_path, 1, *overrides)
    two, weights_of_two = curve(tmp_path, 2, *overrides)

    assert [row[0] for row in two] == [row[0] for row in one]
    for (_, loss, figures), (_, other_loss, other_figures) in zip(one, two, strict=True):
        assert other_loss == pytest.approx(loss, rel=1e-4)
        assert other_figures == pytest.approx(figures, rel=1e-3, abs=1e-6)
    assert weights_of_two == pytest.approx(weights_of_one, rel=1e-3, abs=1e-3)
