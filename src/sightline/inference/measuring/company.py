"""How many pictures a graph should take together on this machine: measured here once, then remembered."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from sightline.bundle import Bundle
from sightline.cache_home import cache_home
from sightline.inference.device_engine import DEVICE_SIZES
from sightline.inference.engine import Engine
from sightline.inference.measuring.machine import Machine, this_machine
from sightline.records import Frozen
from sightline.whole_file import write_whole

_GAIN = 0.97
_ROUNDS, _SECONDS = 5, 0.3
_CALL_MS = 0.8
"""What a call costs a server beside the graph, whose code has left the caches since the last one (decision 31)."""
_ON_CPU = (1, 2)
"""On a CPU four are a fortieth quicker than two, but every thread keeps memory for the activations of a whole call."""


class BatchSize(Frozen):
    """What was measured of a variant of a bundle on one machine.

    ms_each
        By batch size: the quickest call that was seen, divided by its pictures.
    """

    bundle_id: str
    variant: str
    machine: Machine
    ms_each: dict[int, float] = Field(min_length=1)

    @property
    def best(self) -> int:
        """The smallest number of pictures a call that a larger one does not beat by a thirtieth, calls counted in."""
        sizes = sorted(self.ms_each)
        cost = {size: self.ms_each[size] + _CALL_MS / size for size in sizes}
        best = sizes[0]
        for size in sizes:
            if cost[size] < _GAIN * cost[best]:
                best = size
        return best


def batch_size_here(bundle: Bundle, engine: Engine, folder: Path | None = None) -> int:
    """The best number of pictures a call, see `BatchSize`; 1 where each runs alone.

    folder
        Where it is remembered; None: in the user's cache folder.
    """
    if engine.runs_alone:
        return 1
    where = (folder or cache_home() / "batch-sizes") / _name(bundle)
    sizes = DEVICE_SIZES if engine.one_at_a_time else _ON_CPU
    known = _read(where, bundle)
    if known is None or tuple(sorted(known.ms_each)) != sizes:
        known = _measure(bundle, engine, sizes)
        _keep(where, known)
    return known.best


def warm(bundle: Bundle, engine: Engine) -> None:
    """Have a GPU set up what it needs for each size of batch, so that no answer or explanation waits for it."""
    spec = bundle.manifest.preprocessing
    for size in DEVICE_SIZES[:1] if engine.runs_alone else DEVICE_SIZES:
        engine.run(np.zeros((size, spec.height_px, spec.width_px, 3), np.uint8), ["logits", "embedding"])


def _measure(bundle: Bundle, engine: Engine, sizes: Sequence[int]) -> BatchSize:
    spec = bundle.manifest.preprocessing
    pixels = np.random.default_rng(0).integers(
        0, 256, (sizes[-1], spec.height_px, spec.width_px, 3), dtype=np.uint8
    )
    quickest = dict.fromkeys(sizes, float("inf"))
    turn, until = 0, time.perf_counter() + _SECONDS
    while turn <= _ROUNDS or time.perf_counter() < until:
        for size in sizes:
            started = time.perf_counter()
            engine.run(pixels[:size], ["logits", "embedding"])
            if turn:  # the first is for warming up
                quickest[size] = min(quickest[size], (time.perf_counter() - started) / size)
        turn += 1
    return BatchSize(
        bundle_id=bundle.id,
        variant=bundle.manifest.default_variant,
        machine=this_machine(),
        ms_each={size: seconds * 1e3 for size, seconds in quickest.items()},
    )


def _name(bundle: Bundle) -> str:
    key = f"{bundle.manifest.default_variant} {this_machine().model_dump_json()}"
    return f"{bundle.id[:16]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _read(path: Path, bundle: Bundle) -> BatchSize | None:
    try:
        found = BatchSize.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    own = (bundle.id, bundle.manifest.default_variant, this_machine())
    return found if (found.bundle_id, found.variant, found.machine) == own else None


def _keep(path: Path, found: BatchSize) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{found.model_dump_json(indent=1)}\n".encode())
    except OSError:
        return  # a folder that cannot be written to is no reason to stop
