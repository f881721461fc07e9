"""Accuracy, macro-F1 and recalls on the untouched, leak-free test split: strategies, imbalance, amounts of data.

    python -m benchmarks.training.quality strategies WEIGHTS DIGITS TILES --seeds 3 --out rows.jsonl

One JSON line a run, as it ends; a table of mean ± standard deviation over the seeds at the end. Runs whose line is in
the file already are not made again.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.training.runs import append, run, spread

EXAMPLES = Path(__file__).parents[2] / "examples"
STRATEGIES = {
    "linear": ("training.strategy=linear",),
    "two_phase": ("training.strategy=two_phase",),
    "scratch": ("training.strategy=scratch", "training.epochs=30", "training.learning_rate=4e-3"),
}
IMBALANCE = (
    "none",
    "class_weights",
    "effective_number",
    "balanced_sampling",
    "sqrt_sampling",
    "logit_adjustment",
)


def plan(
    what: str, digits: Path, tiles: Path, seeds: int
) -> Iterator[tuple[Path, Path, int, tuple[str, ...]]]:
    sets = ((EXAMPLES / "sign-digits.yaml", digits), (EXAMPLES / "magnetic-tile.yaml", tiles))
    for seed in range(seeds):
        if what == "strategies":
            for recipe, data in sets:
                for overrides in STRATEGIES.values():
                    yield recipe, data, seed, overrides
        else:
            recipe, data = sets[1]
            for strategy in ("linear", "two_phase"):
                for method in IMBALANCE:
                    yield recipe, data, seed, (f"training.strategy={strategy}", f"imbalance={method}")


def table(rows: list[dict[str, Any]]) -> str:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        named = " ".join(one for one in row["overrides"] if not one.startswith("model.pretrained"))
        groups[row["data"], named].append(row)
    lines = ["| data | run | accuracy | macro-F1 | recalls | s |", "|---|---|---|---|---|---|"]
    for (data, named), runs in groups.items():
        accuracy, f1 = spread(one["accuracy"] for one in runs), spread(one["macro_f1"] for one in runs)
        recalls = ", ".join(
            f"{label} {spread(one['recall'][label] for one in runs)}" for label in runs[0]["recall"]
        )
        seconds = sum(one["seconds"] for one in runs) / len(runs)
        lines.append(f"| {data} | {named} | {accuracy} | {f1} | {recalls} | {seconds:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("strategies", "imbalance"))
    parser.add_argument("weights", type=Path)
    parser.add_argument("digits", type=Path)
    parser.add_argument("tiles", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    done = {(row["recipe"], row["seed"], tuple(row["overrides"])) for row in rows}
    for recipe, data, seed, changes in plan(given.what, given.digits, given.tiles, given.seeds):
        overrides = (f"model.pretrained={given.weights}", *changes)
        if (recipe.stem, seed, overrides) in done:
            continue
        row = {"recipe": recipe.stem, **run(recipe, data, seed, overrides)}
        append(given.out, row)
        rows.append(row)
        print(recipe.stem, seed, *changes, f"{row['accuracy']:.4f} {row['macro_f1']:.4f}", flush=True)
    print(table(rows), "", describe_machine(), sep="\n")


if __name__ == "__main__":
    main()
