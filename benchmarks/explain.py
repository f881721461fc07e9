"""The pointing game: does the strongest place of an explanation lie on the defect? Of test pictures, or those of val.


    python -m benchmarks.explain BUNDLE --demo DATA          the set that `sightline demo` generates; boxes of defects
    python -m benchmarks.explain BUNDLE --masks MASKS --images IMAGES      the magnetic tiles; masks of defects

Zhang et al. 2018, Top-down neural attention by excitation backprop. A hit is a peak on the defect; with tolerance,
within 15 pixels of a picture of 224, here 15/224 of the longer side of the network's input. Explained is the true
label, as in the paper, and beside it the answer where it is right. Chance is a point drawn evenly over what the
network sees; the centre is a point in the middle of it. Intervals are Wilson's, 95 %: pictures count as independent.
"""

import argparse
import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.machine import describe_machine
from sightline.demo import read_truth
from sightline.inference import Explainer, Explanation, load, open_explainer
from sightline.lifecycle.experiments.intervals import share_interval
from sightline.records import ExplanationMethod

TOLERANCE = 15 / 224
GRID = 64


@dataclass(frozen=True)
class Target:
    """A test picture with a defect: bool `[H, W]` is where it is, upright."""

    path: Path
    label: str
    defect: NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """Hits without and with tolerance: of the peak, of the centre; and the shares of chance."""

    label: str
    right: bool
    peak: tuple[bool, bool]
    centre: tuple[bool, bool]
    chance: tuple[float, float]
    milliseconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--demo", type=Path, help="a generated set, with its truth.jsonl")
    parser.add_argument("--masks", type=Path, help="masks by class, PNG")
    parser.add_argument("--images", type=Path, help="the pictures of the masks, by class")
    parser.add_argument("--split", default="test", help="val: to choose between methods")
    parser.add_argument("--most", type=int, default=10_000, help="pictures at most, spread over the split")
    options = parser.parse_args()
    explainer = open_explainer(load(options.bundle))
    targets = list(_targets(explainer, options))
    targets = [targets[row] for row in sorted({*np.linspace(0, len(targets) - 1, options.most).astype(int)})]
    print(f"{options.bundle.name}: {len(targets)} pictures of {options.split} with a defect\n", flush=True)
    methods: tuple[ExplanationMethod, ...] = ("class_activation", "rise")
    print("| method | pictures | on the defect | with tolerance | ms |\n|---|---|---|---|---|")
    for method in methods if explainer.head is not None else methods[1:]:
        outcomes = [_play(explainer, target, method) for target in targets]
        _report(method, outcomes)
    print(f"\n{describe_machine()}")


def _targets(explainer: Explainer, options: argparse.Namespace) -> Iterator[Target]:
    rows = csv.DictReader(io.StringIO(explainer.predictor.bundle.read("dataset.csv").decode()))
    chosen = [(row["path"], row["label"]) for row in rows if row["split"] == options.split]
    find: Callable[[str, str], tuple[Path, NDArray[np.bool_]] | None]
    find = _in_masks(options.images, options.masks) if options.masks else _in_truth(options.demo)
    for name, label in chosen:
        found = find(name, label)
        if found is not None and found[1].any():
            yield Target(found[0], label, found[1])


def _in_truth(root: Path) -> Callable[[str, str], tuple[Path, NDArray[np.bool_]]]:
    truth = {one.file_name: one for one in read_truth(root).images}

    def find(name: str, label: str) -> tuple[Path, NDArray[np.bool_]]:
        image = truth[name]
        defect = np.zeros((image.height_px, image.width_px), np.bool_)
        for one in image.defects:
            if one.kind == label:
                defect[one.box.y0 : one.box.y1, one.box.x0 : one.box.x1] = True
        return root / name, defect

    return find


def _in_masks(images: Path, masks: Path) -> Callable[[str, str], tuple[Path, NDArray[np.bool_]] | None]:
    def find(name: str, label: str) -> tuple[Path, NDArray[np.bool_]] | None:
        path = (masks / name).with_suffix(".png")
        if label == "free" or not path.exists():
            return None
        return images / name, np.asarray(Image.open(path).convert("L")) > 127

    return find


def _play(explainer: Explainer, target: Target, method: ExplanationMethod) -> Outcome:
    found = explainer.explain(target.path, target.label, method=method)
    assert target.defect.shape == (found.height_px, found.width_px), target.path
    left, top, right, bottom = found.whereabouts.seen_box
    middle = ((left + right) / 2, (top + bottom) / 2)
    peak = found.peak or (-1e9, -1e9)  # no place at all is a miss
    return Outcome(
        target.label,
        found.prediction.label == target.label,
        _hits(found, target.defect, *peak),
        _hits(found, target.defect, *middle),
        _chance(found, target.defect),
        found.milliseconds,
    )


def _hits(found: Explanation, defect: NDArray[np.bool_], x: float, y: float) -> tuple[bool, bool]:
    rows, columns = np.nonzero(defect)
    across, down, reach = _scales(found)
    inside = 0 <= x < defect.shape[1] and 0 <= y < defect.shape[0] and bool(defect[int(y), int(x)])
    nearest = np.hypot((columns + 0.5 - x) * across, (rows + 0.5 - y) * down).min()
    return inside, inside or bool(nearest <= reach)


def _chance(found: Explanation, defect: NDArray[np.bool_]) -> tuple[float, float]:
    left, top, right, bottom = found.whereabouts.seen_box
    steps = (np.arange(GRID) + 0.5) / GRID
    points = [(left + x * (right - left), top + y * (bottom - top)) for y in steps[::4] for x in steps[::4]]
    part = defect[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    return float(part.mean()), float(np.mean([_hits(found, defect, *point)[1] for point in points]))


def _scales(found: Explanation) -> tuple[float, float, float]:
    """Pixels of the network's input for a pixel of the picture, across and down; the tolerance in the former."""
    left, top, right, bottom = found.whereabouts.seen_box
    placement = found.whereabouts.placement
    reach = TOLERANCE * max(found.heat.shape)
    return placement.width_px / (right - left), placement.height_px / (bottom - top), reach


def _report(method: str, outcomes: list[Outcome]) -> None:
    ms = np.median([one.milliseconds for one in outcomes])
    right = [one for one in outcomes if one.right]
    for name, some in ((method, outcomes), (f"{method}, answer right", right)):
        print(f"| {name} | {len(some)} | {_share(some, 0)} | {_share(some, 1)} | {ms:.0f} |")
    for which in ("centre", "chance"):
        shares = [np.mean([getattr(one, which)[place] for one in outcomes]) for place in (0, 1)]
        print(f"| against {which} | {len(outcomes)} | {shares[0]:.3f} | {shares[1]:.3f} | |")
    by_label = {
        label: [f"{sum(one.peak[place] for one in some)}/{len(some)}" for place in (0, 1)]
        for label in sorted({one.label for one in outcomes})
        for some in [[one for one in outcomes if one.label == label]]
    }
    print(f"<!-- by label, hits without and with tolerance: {json.dumps(by_label)} -->", flush=True)


def _share(some: list[Outcome], place: int) -> str:
    hits = sum(one.peak[place] for one in some)
    interval = share_interval(hits, len(some))
    return (
        f"{hits / len(some):.3f} ({interval.low:.3f} to {interval.high:.3f})"
        if interval
        else "nothing to count"
    )


if __name__ == "__main__":
    main()
