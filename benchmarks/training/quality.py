"""Accuracy, macro-F1 and recalls on the untouched, leak-free test split of two real sets, over several seeds.

    python -m benchmarks.training.quality strategies WEIGHTS DIGITS TILES --seeds 3 --out rows.jsonl

`strategies`, `imbalance`, `sizes`, `changes`, or `learning_curve`, which also draws a picture beside the rows. One JSON
line a run, as it ends; a table of mean ± standard deviation over the seeds at the end. Runs whose line is in the file
already are not made again. On a GPU, --processes trains several at once.
"""

import argparse
import json
import multiprocessing
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.training.curve import draw_learning_curve
from benchmarks.training.plain import guide_two_phase
from benchmarks.training.plans import SETS, Run, plan
from benchmarks.training.runs import append, judge_answers, prepared, run, spread
from sightline.training import read_recipe

EXAMPLES = Path(__file__).parents[2] / "examples"


def train_one(one: Run, weights: Path, data_dir: Path, threads: int | None) -> dict[str, Any]:
    recipe = EXAMPLES / f"{SETS[one.data]}.yaml"
    row = {**asdict(one), "run": one.told()}
    if one.textbook:
        data = prepared(recipe, data_dir, one.seed)
        side_px = read_recipe(recipe, ()).data.input_size[0]
        predicted, seconds = guide_two_phase(data.train, data.test, weights, side_px=side_px, seed=one.seed)
        return {**row, "seconds": round(seconds, 1), **judge_answers(predicted, data.test)}
    own = () if threads is None else (f"data.num_workers={threads}",)
    overrides = (f"model.pretrained={weights}", *own, *one.overrides)
    return {**row, **run(recipe, data_dir, one.seed, overrides, one.share), "data": one.data}


def table(rows: list[dict[str, Any]]) -> str:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["data"], row["run"]].append(row)
    lines = ["| data | run | n | accuracy | macro-F1 | recalls | s |", "|---|---|---|---|---|---|---|"]
    for (data, named), runs in groups.items():
        accuracy, f1 = spread(one["accuracy"] for one in runs), spread(one["macro_f1"] for one in runs)
        recalls = ", ".join(
            f"{label} {spread(one['recall'][label] for one in runs)}" for label in runs[0]["recall"]
        )
        seconds = sum(one["seconds"] for one in runs) / len(runs)
        lines.append(f"| {data} | {named} | {len(runs)} | {accuracy} | {f1} | {recalls} | {seconds:.0f} |")
    return "\n".join(lines)


def main() -> None:
    given = parsed()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    done = {(row["data"], row["seed"], row["run"]) for row in rows}
    left = [one for one in plan(given.what, given.seeds) if (one.data, one.seed, one.told()) not in done]
    folders = {"digits": given.digits, "tiles": given.tiles}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.processes, mp_context=spawn) as pool:
        made = [pool.submit(train_one, one, given.weights, folders[one.data], given.threads) for one in left]
        for future in as_completed(made):
            row = future.result()
            append(given.out, row)
            rows.append(row)
            print(
                row["data"],
                row["seed"],
                row["run"],
                f"{row['accuracy']:.4f} {row['macro_f1']:.4f}",
                flush=True,
            )
    print(table(rows), "", describe_machine(), sep="\n")
    if given.what == "learning_curve":
        draw_learning_curve(rows, given.out.with_suffix(".png"))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("strategies", "imbalance", "sizes", "changes", "learning_curve"))
    parser.add_argument("weights", type=Path)
    parser.add_argument("digits", type=Path)
    parser.add_argument("tiles", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1, help="trainings at once")
    parser.add_argument("--threads", type=int, help="data.num_workers of each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
