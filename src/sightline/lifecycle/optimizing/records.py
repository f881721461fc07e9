"""What is asked of an optimisation, and what is said of each variant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sightline.bundle import Precision, Runtime
from sightline.inference.measuring import Footprint, Speed, Throughput
from sightline.lifecycle.optimizing.gate import Gate, Limits
from sightline.records import Estimate, Frozen

Role = Literal["reference", "kept", "refused"]


@dataclass(frozen=True)
class Wanted:
    """What is asked.

    limits
        What a variant may lose.
    max_latency_ms
        Of a call with one picture, the 95th percentile, at `threads`.
    max_size_mb
        Of the graph's file, in units of 10⁶ bytes.
    threads, batches
        Cores that a call may use, and pictures a call, for the table of latencies; one picture is always timed.
    least_gain
        A variant that is not so many times as fast as the reference, when all cores work, is not worth keeping.
    """

    limits: Limits = field(default_factory=Limits)
    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    threads: int = 1
    batches: tuple[int, ...] = (1, 8)
    least_gain: float = 1.1


class Row(Frozen):
    """One variant in the table.

    network
        By which short name the network is known that it is of; "" for that of the bundle that was optimised.
    how
        How its graph was made, in words.
    gate
        None: of the reference itself.
    held_out
        `accuracy` with its interval; None in a table from before that was kept.
    test
        Accuracy on the test split, which played no part in any choice; None where there is none.
    speeds
        One a batch size.
    role, reasons
        Whether it goes into the bundle, and if not, why, a sentence each.
    departure
        Of a graph that does not pass its gate: the first layer at which it leaves the reference.
    on_front
        Of those kept and the reference none is at least as accurate, as small and as fast, and better in one of them.
    """

    name: str
    runtime: Runtime
    precision: Precision
    how: str
    size_mb: float
    gate: Gate | None
    accuracy: float
    held_out: Estimate | None = None
    test: Estimate | None
    speeds: tuple[Speed, ...]
    throughput: Throughput
    footprint: Footprint
    role: Role = "refused"
    reasons: tuple[str, ...] = ()
    departure: str = ""
    on_front: bool = False
    network: str = ""

    @property
    def single(self) -> Speed:
        """Of one picture a call."""
        return next(one for one in self.speeds if one.batch_size == 1)


class Optimized(Frozen):
    """The table, what was chosen, and the bundle that holds it.

    machine, versions, created_at
        What it was measured on, by name; with which packages; and when.
    asked
        What was asked for; None in a table from before that was kept.
    split, images
        Which pictures the gate judged on.
    chosen
        The serving default; None: nothing keeps the limits, and nothing was written.
    missed
        Where nothing keeps the limits: the variant that comes closest, and what it lacks.
    """

    machine: Mapping[str, str | int]
    asked: Wanted | None = None
    split: str
    images: int
    rows: tuple[Row, ...]
    chosen: str | None
    missed: str = ""
    versions: Mapping[str, str] = {}
    created_at: str = ""
    bundle: str | None = None
    bundle_id: str | None = None
