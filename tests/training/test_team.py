"""Two processes that train together, started by torchrun on loopback, against one process with the same batches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quadrants import draw_quadrants, quick
from sightline.errors import TrainingError
from sightline.training import recipe_for, train
from sightline.training.loop.team import choose_device

OVERRIDES = quick(
    # Batch norm would see half of each batch in two processes: this backbone has none.
    "model.backbone=test_convnext",
    "data.input_size=64",
    # Batches that come out even neither by processes nor by parts.
    "data.batch_size=10",
    "training.gradient_accumulation=2",
    "training.mixed_precision=false",
    "imbalance=class_weights",
    "augmentation=[{RandomHorizontalFlip: {}}]",
)
SCRIPT = """
import json, sys
import torch
torch.set_num_threads(1)
from sightline.dataset import read_dataset
from sightline.training import join_team, recipe_for, train
dataset = read_dataset(sys.argv[1])
with join_team() as team:
    assert team.size == 2
    trained = train(
        recipe_for("images", sys.argv[3:]), dataset.of_split("train"), dataset.of_split("val"), team=team
    )
    if team.speaks:
        rows = [(r.epoch, r.train_loss, r.validation) for r in trained.history]
        weights = {k: v.double().sum().item() for k, v in trained.network.state_dict().items()}
        open(sys.argv[2], "w").write(json.dumps([rows, weights]))
"""


def test_two_processes_give_the_curve_of_one(tmp_path: Path) -> None:
    dataset = draw_quadrants(tmp_path / "images", size_px=64)
    one = train(recipe_for("images", OVERRIDES), dataset.of_split("train"), dataset.of_split("val"))
    (tmp_path / "script.py").write_text(SCRIPT)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    arguments = [
        str(tmp_path / "script.py"),
        str(tmp_path / "images"),
        str(tmp_path / "two.json"),
        *OVERRIDES,
    ]

    done = subprocess.run(
        [sys.executable, *launcher, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    rows, weights = json.loads((tmp_path / "two.json").read_text())
    assert [row[0] for row in rows] == [record.epoch for record in one.history]
    for (_, loss, figures), record in zip(rows, one.history, strict=True):
        assert loss == pytest.approx(record.train_loss, rel=1e-4)
        assert figures == pytest.approx(record.validation, rel=1e-3, abs=1e-6)
    sums = {name: value.double().sum().item() for name, value in one.network.state_dict().items()}
    assert weights == pytest.approx(sums, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    "local_size, gpus, devices",
    [
        (1, 0, ["cpu"]),
        (3, 0, ["cpu", "cpu", "cpu"]),
        (1, 1, ["cuda:0"]),
        (2, 2, ["cuda:0", "cuda:1"]),
        (2, 8, ["cuda:0", "cuda:1"]),
    ],
)
def test_processes_of_one_machine_are_all_on_gpus_or_all_on_the_cpu(
    local_size: int, gpus: int, devices: list[str]
) -> None:
    assert [str(choose_device(local, local_size, gpus)) for local in range(local_size)] == devices


@pytest.mark.parametrize("local", [0, 1])
def test_fewer_gpus_than_processes_are_refused_by_every_process(local: int) -> None:
    with pytest.raises(
        TrainingError, match="2 processes .* with 1 GPU, .* --nproc-per-node 1, or with CUDA_VI"
    ):
        choose_device(local, local_size=2, gpus=1)
