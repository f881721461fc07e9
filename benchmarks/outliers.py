"""How well each score of strangeness tells a bundle's own test images from pictures that it was never meant for.

Usual: the bundle's test split of DATA. Strange: every image below each folder of --against, and noise, blank and
inverted pictures. None of them chose anything: score and threshold come from the bundle, or, for the scores that it
did not choose, from val in the same way. Seeds of noise and blanks are not those that the build used.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from sightline.dataset import preprocess_samples, read_dataset
from sightline.evaluation import false_positive_rate, outlier_auroc
from sightline.images import preprocess_image, read_image_file
from sightline.inference import OutlierScorer, Predictor, load, run_in_batches
from sightline.lifecycle import judge
from sightline.lifecycle.strangers import EMPTY, HeldOut, Wanted, fit_scorers, from_nothing
from sightline.parallel import in_order
from sightline.records import OutlierRule, Preprocessing, Scores

_SEED = 20_000
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_PROMPT = 200


def pictures_below(folder: Path, spec: Preprocessing) -> np.ndarray:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return np.stack(
        list(in_order(lambda path: preprocess_image(read_image_file(path, spec.limits), spec), paths))
    )


def strange_pictures(usual: np.ndarray, folders: list[Path], spec: Preprocessing, count: int) -> dict:
    rng = np.random.default_rng(_SEED)
    shape = (count, *usual.shape[1:])
    named = {_name(folder): pictures_below(folder, spec) for folder in folders}
    return named | {
        "uniform noise": from_nothing.uniform_noise(rng, shape),
        "gaussian noise": from_nothing.gaussian_noise(rng, shape),
        "blank": from_nothing.blank(rng, shape),
        "single colour": from_nothing.single_colour(rng, shape),
        "inverted": 255 - usual,
    }


def _name(folder: Path) -> str:
    return folder.parent.name if folder.name == "images" else folder.name


def microseconds(scorer: OutlierScorer, scores: Scores) -> float:
    """The middle of the times for one picture."""
    times = []
    for row in range(_PROMPT):
        one = row % len(scores.logits)
        started = time.perf_counter()
        scorer.scores(scores.logits[one : one + 1], scores.embeddings[one : one + 1])
        times.append((time.perf_counter() - started) * 1e6)
    return float(np.median(times))


def print_tables(scorers: dict, chosen: OutlierRule | None, usual: Scores, strange: dict[str, tuple]) -> None:
    kinds = list(strange)
    print(f"| AUROC / FPR at 95 % TPR | {' | '.join(kinds)} | mean | µs an answer |")
    print("|---|" + "---|" * (len(kinds) + 2))
    for kind, scorer in scorers.items():
        own = scorer.scores(usual.logits, usual.embeddings)
        others = {name: scorer.scores(*outputs) for name, outputs in strange.items()}
        aurocs = [outlier_auroc(own, values) for values in others.values()]
        rates = [false_positive_rate(own, values) for values in others.values()]
        cells = [f"{auroc:.4f} / {rate:.3f}" for auroc, rate in zip(aurocs, rates, strict=True)]
        mark = " (chosen)" if chosen is not None and kind == chosen.kind else ""
        mean = f"{np.mean(aurocs):.4f} / {np.mean(rates):.3f}"
        print(f"| {kind}{mark} | {' | '.join(cells)} | {mean} | {microseconds(scorer, usual):.0f} |")
    print(
        f"\n| not rejected at the threshold | {' | '.join(kinds)} | noise and blank | usual, rejected |\n|---|"
        + "---|" * (len(kinds) + 2)
    )
    for kind, scorer in scorers.items():
        passed = {
            name: (scorer.scores(*outputs) <= scorer.rule.threshold) for name, outputs in strange.items()
        }
        empty = sum(int(passed[name].sum()) for name in passed if name in EMPTY)
        own = scorer.scores(usual.logits, usual.embeddings) > scorer.rule.threshold
        cells = " | ".join(f"{one.sum()} of {len(one)}" for one in passed.values())
        mark = " (chosen)" if chosen is not None and kind == chosen.kind else ""
        print(f"| {kind}{mark} | {cells} | {empty} | {own.sum()} of {len(own)}, {own.mean():.2%} |")


def scorers_of(predictor: Predictor, held_out: Scores) -> dict:
    """All scores, with thresholds from val; the chosen one is the bundle's own."""
    rule = predictor.bundle.manifest.decision.outliers
    wanted = Wanted(
        "auto",
        0.01 if rule is None else rule.false_alarm_rate,
        5 if rule is None else rule.neighbours,
    )
    assert predictor.nearest is not None
    fitted = fit_scorers(wanted, predictor.nearest.reference, HeldOut(held_out, len(held_out.ids), "val"))
    if predictor.scorer is not None:
        fitted[predictor.scorer.rule.kind] = predictor.scorer
    return fitted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("data", type=Path, help="the data that the bundle was made from")
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="folders of strange images")
    parser.add_argument("--count", type=int, default=200, help="noise and blank pictures of each kind")
    options = parser.parse_args()
    predictor = load(options.bundle)
    spec = predictor.bundle.manifest.preprocessing
    dataset = read_dataset(options.data)
    judged = judge(predictor, dataset, "test")
    held_out = judge(predictor, dataset, "val").scores
    pixels = strange_pictures(preprocess_samples(judged.dataset, spec), options.against, spec, options.count)
    strange = {kind: run_in_batches(predictor.engine, images) for kind, images in pixels.items()}
    counts = ", ".join(f"{len(images)} {kind}" for kind, images in pixels.items())
    print(f"{len(judged.scores.ids)} usual pictures (test); {counts}\n")
    print_tables(
        scorers_of(predictor, held_out), predictor.bundle.manifest.decision.outliers, judged.scores, strange
    )
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
