"""A float graph to the int8 graph that stays closest to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from sightline.optimize.quantizing.figure import Closeness, Judge, open_judge
from sightline.optimize.quantizing.histograms import Histogram, count_values
from sightline.optimize.quantizing.layers import find_layers
from sightline.optimize.quantizing.nncf_tool import PRESETS, quantize_with_nncf
from sightline.optimize.quantizing.pictures import check_pictures
from sightline.optimize.quantizing.qdq import insert_pairs, prepare, tensors_to_calibrate
from sightline.optimize.quantizing.ranges import METHODS, Range
from sightline.optimize.quantizing.sensitivity import Harm, blocks_of, rank_layers
from sightline.parallel import Progress
from sightline.records import Activation, Frozen

Tool = Literal["onnxruntime", "nncf"]

RANKING_PICTURES = 32
_IN_FLOAT = (1, 2, 4, 8, 16)
_WORTH_IT = 0.9
_PATIENCE = 2


class Trial(Frozen):
    """One quantisation that was tried: how its ranges were chosen, how many layers were left in float, how it did."""

    method: str
    in_float: int
    closeness: Closeness


@dataclass(frozen=True)
class Quantized:
    """An int8 graph with the inputs and outputs of the float one, and how it came about.

    graph
        ONNX with pairs of QuantizeLinear and DequantizeLinear. From `onnxruntime` it is fast in both runtimes; from
        `nncf` in OpenVINO only, ONNX Runtime takes up to four times as long for it as for the float graph.
    method
        How the ranges of activations were chosen: `minmax`, `percentile-99.99`, `percentile-99.9`, `entropy` or `mse`
        with ONNX Runtime's quantiser, `performance` or `mixed` with NNCF.
    closeness
        To the reference on the trial pictures, run in ONNX Runtime, or in OpenVINO with NNCF.
    in_float
        The layers left in float, the most harmful first, each with what quantising it alone does.
    harms
        The same of all layers; empty where none had to be looked for.
    tried
        Everything that was tried, in order.
    """

    graph: bytes
    tool: Tool
    method: str
    closeness: Closeness
    in_float: tuple[Harm, ...]
    harms: tuple[Harm, ...]
    tried: tuple[Trial, ...]


def quantize_graph(
    graph: bytes,
    calibration: NDArray[np.uint8],
    trial: NDArray[np.uint8],
    *,
    tool: Tool,
    activation: Activation = "softmax",
    bound: float = 5e-3,
    progress: Progress | None = None,
) -> Quantized:
    """Quantise a float graph: try every calibration method, then leave layers in float until it is close enough.

    graph
        Takes `images` uint8 `[N, H, W, 3]`, gives `logits`, `embedding` and `feature_map`.
    calibration, trial
        uint8 RGB `[N, H, W, 3]`, preprocessed training pictures: those from which ranges are taken, about 128, and
        others by which methods and layers are judged, 64 or more. Never those that the gate will judge by.
    activation
        What turns logits into probabilities.
    bound
        Mean divergence from the reference, in nats, below which no further layer is left in float.

    The same graph and pictures give the same bytes.

    Raises:
        DatasetError: fewer than 16 different pictures that show anything.
        MissingExtra: NNCF or OpenVINO is not installed.
    """
    check_pictures(calibration, "calibrate")
    check_pictures(trial, "try the quantised graph")
    model = prepare(graph)
    steps = _Steps(progress, _count_steps(model, len(calibration), tool))
    judge = open_judge(graph, trial, activation, "openvino" if tool == "nncf" else "onnxruntime")
    counted = count_values(model, tensors_to_calibrate(model), calibration, steps.one)
    ranges = ranges_by_method(counted)

    def build(method: str, without: Sequence[str]) -> bytes:
        if tool == "nncf":
            return quantize_with_nncf(model, calibration, method, without)
        return insert_pairs(model, ranges[method], without=without)

    search = _Search(build, judge, bound, steps)
    search.try_methods(METHODS if tool == "onnxruntime" else PRESETS)
    harms: list[Harm] = []
    if search.best.closeness.divergence > bound:
        ranking = replace(judge.first(RANKING_PICTURES), runtime="onnxruntime")
        known = search.best.method if tool == "onnxruntime" else best_method(ranking, model, ranges)
        harms = rank_layers(model, find_layers(model), ranges[known], ranking, steps.one)
        search.leave_in_float(harms)
    steps.end()
    return Quantized(
        graph=search.graph,
        tool=tool,
        method=search.best.method,
        closeness=search.best.closeness,
        in_float=tuple(harms[: search.best.in_float]),
        harms=tuple(harms),
        tried=tuple(search.tried),
    )


class _Search:
    """Keeps what was tried and the best of it."""

    def __init__(
        self, build: Callable[[str, Sequence[str]], bytes], judge: Judge, bound: float, steps: "_Steps"
    ) -> None:
        self._build, self._judge, self._bound, self._steps = build, judge, bound, steps
        self.tried: list[Trial] = []
        self.graph = b""

    @property
    def best(self) -> Trial:
        return self._best

    def try_methods(self, methods: Sequence[str] | Mapping[str, object]) -> None:
        for method in methods:
            self._try(method, ())

    def leave_in_float(self, harms: Sequence[Harm]) -> None:
        """Twice as many each time: until close enough, or half of the network is float, or twice nothing was gained."""
        method, fruitless = self.best.method, 0
        for count in _IN_FLOAT:
            close = self.best.closeness.divergence <= self._bound
            if close or count > len(harms) // 2 or fruitless == _PATIENCE:
                return
            self._try(method, harms[:count])
            fruitless = 0 if self.best.in_float == count else fruitless + 1

    def _try(self, method: str, in_float: Sequence[Harm]) -> None:
        graph = self._build(method, [name for harm in in_float for name in harm.nodes])
        one = Trial(method=method, in_float=len(in_float), closeness=self._judge.compare(graph))
        # A layer in float costs speed: it has to be worth it.
        share = _WORTH_IT if in_float else 1.0
        if not self.tried or one.closeness.divergence < share * self.best.closeness.divergence:
            self._best, self.graph = one, graph
        self.tried.append(one)
        self._steps.one()


class _Steps:
    """Counts on the way to the end, which comes sooner where no layer has to be looked for."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def one(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)

    def end(self) -> None:
        if self._progress is not None and self._done < self._total:
            self._progress(self._total, self._total)


def _count_steps(model: onnx.ModelProto, pictures: int, tool: Tool) -> int:
    methods = len(METHODS if tool == "onnxruntime" else PRESETS)
    return 2 * -(-pictures // 4) + methods + len(blocks_of(find_layers(model))) + len(_IN_FLOAT)


def ranges_by_method(counted: Mapping[str, Histogram]) -> dict[str, dict[str, Range]]:
    """Of each calibration method, a range for each tensor that was counted."""
    return {method: {name: way(found) for name, found in counted.items()} for method, way in METHODS.items()}


def best_method(judge: Judge, model: onnx.ModelProto, ranges: Mapping[str, Mapping[str, Range]]) -> str:
    """The method by whose ranges ONNX Runtime's quantiser comes closest, nothing left in float."""
    figures = {name: judge.compare(insert_pairs(model, known)) for name, known in ranges.items()}
    return min(figures, key=lambda name: figures[name].divergence)
