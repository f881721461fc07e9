import io
import math

import numpy as np
import pytest
from PIL import Image

from epoch_records import epoch_record
from sightline.training import EpochRecord
from sightline.training.run.curves import draw_curves
from sightline.training.run.figures import best_epoch


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def incomplete(epoch: int) -> EpochRecord:
    """An epoch whose figures are partly missing and partly no numbers."""
    record = epoch_record(epoch)
    validation = {"f1_macro": math.nan} if epoch % 2 else {"accuracy": 0.5, "f1_macro": math.inf}
    return record.model_copy(update={"validation": validation, "train_loss": math.nan})


RUNS = {
    "no epoch": [],
    "the epoch before the first": [epoch_record(0, phase="frozen")],
    "one epoch": [epoch_record(1)],
    "two phases": [
        epoch_record(epoch, phase="frozen" if epoch < 3 else "fine_tuning") for epoch in range(1, 9)
    ],
    "300 epochs": [epoch_record(epoch) for epoch in range(301)],
    "no figures on val": [epoch_record(1).model_copy(update={"validation": {}})],
    "only figures of classes": [epoch_record(1, **{"f1/cat": 0.5})],
    "missing and no numbers": [incomplete(epoch) for epoch in range(1, 6)],
    "more metrics than colours": [epoch_record(1, **{f"metric {index}": 0.1 * index for index in range(12)})],
}


@pytest.mark.parametrize("records", RUNS.values(), ids=RUNS)
def test_every_run_can_be_drawn(records: list[EpochRecord]) -> None:
    image = pixels(draw_curves(records, best_metric="f1_macro", title="tiles-run"))

    assert image.shape == (1000, 1000, 3)
    assert (image[0] == 255).all()
    assert (image != 255).any()


def test_equal_runs_are_drawn_alike_and_another_one_differently() -> None:
    first, again, other = (
        draw_curves(
            [epoch_record(1), epoch_record(2, accuracy=value, f1_macro=value)], best_metric="f1_macro"
        )
        for value in (0.7, 0.7, 0.8)
    )

    assert first == again
    assert first != other


def test_the_best_epoch_is_marked_in_every_panel() -> None:
    def darkest_column(best: int) -> tuple[int, int]:
        """Right of the axis: which column, and how many dark pixels it has, of some 700 in the panels."""
        records = [epoch_record(epoch, f1_macro=0.9 if epoch == best else 0.5) for epoch in range(1, 6)]
        image = pixels(draw_curves(records, best_metric="f1_macro"))[:, 100:]
        dark = (image.max(axis=2) < 210).sum(axis=0)
        return int(dark.argmax()), int(dark.max())

    (early, early_dark), (late, late_dark) = darkest_column(2), darkest_column(4)

    assert min(early_dark, late_dark) > 300
    assert late - early == pytest.approx(2 * 158, abs=10)  # two epochs


@pytest.mark.parametrize(
    "metric, values, best",
    [
        ("f1_macro", [0.5, 0.8, 0.8, 0.7], 2),
        ("loss", [0.5, 0.2, 0.2, 0.3], 2),
        ("f1_macro", [math.nan, 0.1, math.nan], 2),
        ("f1_macro", [math.nan, math.nan], None),
        ("f1_macro", [], None),
    ],
    ids=["highest", "lowest loss", "no numbers between", "no numbers at all", "no epoch"],
)
def test_the_best_epoch_is_the_earliest_with_the_best_value(
    metric: str, values: list[float], best: int | None
) -> None:
    records = [
        epoch_record(epoch).model_copy(update={"validation": {metric: value}})
        for epoch, value in enumerate(values, 1)
    ]

    assert best_epoch(records, metric) == best
