"""Sightline beside its peers: the harness of `shared/bench/serving`, with Sightline as one contestant more.

    BENCH_HARNESS=…/bench/serving BENCH_BUNDLE=… BENCH_SCRATCH=… BENCH_MODELS=… BENCH_IMAGES=… BENCH_LABELS=… \
        python -m benchmarks.serving.peers sightline fastapi-ort litserve [options of the harness]

BENCH_HARNESS is the harness's folder, BENCH_BUNDLE what `benchmarks.serving.make_bundle` wrote of the same network; the
other variables are those of the harness's own `run.sh`. A contestant `sightline:OPTIONS` is Sightline with options of
its own, their spaces written as commas: `sightline:--variant,float32`.

BENCH_PYTHON, this one by default, runs the harness's bare loops: for `--preproc fast` it needs opencv-python-headless,
without which they wait for ever.

The harness looks for an answer's five labels under `top5`; Sightline calls them candidates. Only their shape is
checked: Sightline cuts the centre before it resizes, and at fractions of a pixel, where the peers resize the whole
picture and cut at whole ones, so that pixels differ by half a level to two on average, of which random weights make
much.
"""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def main() -> None:
    scratch = Path(os.environ["BENCH_SCRATCH"])
    os.environ.setdefault("BENCH_VENVS", str(scratch / "venv"))
    os.environ.setdefault("BENCH_RESULTS", str(scratch / "results.jsonl"))
    os.environ.setdefault("BENCH_PYTHON", sys.executable)
    copy = scratch / "harness"
    shutil.copytree(os.environ["BENCH_HARNESS"], copy, dirs_exist_ok=True)
    names = []
    for argument in sys.argv[1:]:
        name, _, options = argument.partition(":")
        if name != "sightline":
            names.append(argument)
            continue
        own = "sightline" + "".join(letter if letter.isalnum() else "-" for letter in options)
        command = ["sightline", "serve", os.environ["BENCH_BUNDLE"], "--port", "{port}"]
        command[0] = str(Path(sys.executable).with_name("sightline"))
        title = f"Sightline {options.replace(',', ' ')}".strip()
        (copy / "contestants" / f"{own}.toml").write_text(
            f"title = {json.dumps(title)}\n"
            'venv = "."\n'
            f"command = {json.dumps([*command, *filter(None, options.split(','))])}\n"
            'path = "/v1/predict"\nbody = "raw"\ncheck = "shape"\npackages = []\ntuning = "none: the defaults"\n'
        )
        names.append(own)
    sys.argv = [sys.argv[0], *names]
    harness = _load(copy / "harness.py")
    theirs = harness.find_top5
    harness.find_top5 = lambda node: _candidates(node) or theirs(node)
    harness.main()


def _load(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _candidates(node: Any) -> list[dict[str, Any]] | None:
    if not isinstance(node, dict) or "candidates" not in node:
        return None
    return [
        {"label": one["label"].split(" ", 1)[1], "prob": one["probability"]} for one in node["candidates"]
    ]


if __name__ == "__main__":
    main()
