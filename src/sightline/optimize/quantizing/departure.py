"""Where a variant parts from its reference: layer by layer, how much noise quantisation has added so far."""

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray

from sightline.optimize.quantizing.inside import Inside
from sightline.optimize.quantizing.module_names import module_name
from sightline.records import Frozen

BOUND_DB = 10.0
_SILENT_DB = 120.0
_EIGHT_BITS_DB = 40.0


class LayerFit(Frozen):
    """One layer of the variant against the same layer of the reference.

    layer, op, tensor
        The reference's node, what it is, and its output.
    module
        What a person calls it; see `module_name`.
    sqnr_db
        Ratio of the reference's power to that of the difference, in decibels, at most 120.
    inputs_db
        The same of the worst of what it reads; 120 where it reads the picture.
    """

    layer: str
    op: str
    module: str
    tensor: str
    sqnr_db: float
    inputs_db: float

    @property
    def drop_db(self) -> float:
        """What this layer itself has lost; below zero where it evens out some of the noise that it reads.

        Counted from 40 dB at most, about what 8 bits keep of an activation: what reads exact numbers would always
        lose most.
        """
        return min(self.inputs_db, _EIGHT_BITS_DB) - self.sqnr_db


class Departures(Frozen):
    """All layers that both graphs have, in the order of the reference.

    bound_db
        Below this a layer has departed.
    """

    bound_db: float
    layers: tuple[LayerFit, ...]

    @property
    def first(self) -> LayerFit | None:
        """The first layer below the bound; None: there is none."""
        return next((one for one in self.layers if one.sqnr_db < self.bound_db), None)

    @property
    def worst_drop(self) -> LayerFit:
        """The layer that lost most against what it reads."""
        return max(self.layers, key=lambda one: one.drop_db)

    def __str__(self) -> str:
        """Both in one sentence, for a gate's objection."""
        worst = self.worst_drop
        lost = (
            f"{worst.op} '{worst.module}' loses most: it is {worst.drop_db:.1f} dB worse than what it reads."
        )
        if self.first is None:
            return f"No layer falls below {self.bound_db:g} dB. {lost}"
        one = self.first
        return (
            f"The first layer to depart is {one.op} '{one.module}' (tensor '{one.tensor}'): {one.sqnr_db:.1f} dB where "
            f"{self.bound_db:g} are wanted, {one.inputs_db:.1f} at its inputs. {lost}"
        )


def find_departure(
    reference: bytes, variant: bytes, images_nhwc: NDArray[np.uint8], *, bound_db: float = BOUND_DB
) -> Departures:
    """Run both graphs with their inner tensors exposed and compare what has the same name.

    reference, variant
        ONNX; of a variant with Q/DQ pairs a tensor is read behind its pair, as the next layer reads it.
    images_nhwc
        uint8 RGB `[N, H, W, 3]`; a few are enough, 8 to 32.

    Raises:
        ValueError: the graphs have no tensor in common.
    """
    own, other = onnx.load_from_string(reference), onnx.load_from_string(variant)
    readings = _readings(own, other)
    if not readings:
        raise ValueError("find_departure needs graphs that share names of tensors")
    noise = _noise(own, other, readings, images_nhwc)
    return Departures(bound_db=bound_db, layers=tuple(_fits(own, noise)))


def _readings(own: onnx.ModelProto, other: onnx.ModelProto) -> dict[str, list[str]]:
    """By the reference's tensor the variant's that stand for it, in the order of the reference."""
    there = {name for node in other.graph.node for name in node.output}
    quantised = {
        node.output[0]: node.input[0] for node in other.graph.node if node.op_type == "QuantizeLinear"
    }
    behind: dict[str, list[str]] = {}
    for node in other.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in quantised:
            behind.setdefault(quantised[node.input[0]], []).append(node.output[0])
    floats = _float_tensors(own)
    return {
        name: behind.get(name, [name])
        for node in own.graph.node
        for name in node.output
        if name in floats and name in there
    }


def _float_tensors(model: onnx.ModelProto) -> set[str]:
    graph = onnx.shape_inference.infer_shapes(model).graph
    return {
        one.name
        for one in (*graph.value_info, *graph.output)
        if one.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    }


def _noise(
    own: onnx.ModelProto,
    other: onnx.ModelProto,
    readings: Mapping[str, list[str]],
    images_nhwc: NDArray[np.uint8],
) -> dict[str, float]:
    """Signal to noise of each tensor in dB, of its worst reading."""
    power = dict.fromkeys(readings, 0.0)
    apart = {name: np.zeros(len(names)) for name, names in readings.items()}
    expected = Inside(own, list(readings)).run(images_nhwc)
    found = Inside(other, [name for names in readings.values() for name in names]).run(images_nhwc)
    for wanted, given in zip(expected, found, strict=True):
        for name, names in readings.items():
            power[name] += float(np.square(wanted[name], dtype=np.float64).sum())
            for row, reading in enumerate(names):
                difference = wanted[name].astype(np.float64) - given[reading]
                apart[name][row] += float(np.square(difference).sum())
    return {name: _decibels(power[name], float(apart[name].max())) for name in readings}


def _decibels(power: float, apart: float) -> float:
    if not np.isfinite(apart):
        return -_SILENT_DB
    if apart == 0:
        return _SILENT_DB
    return float(np.clip(10 * np.log10(max(power, 1e-300) / apart), -_SILENT_DB, _SILENT_DB))


def _fits(own: onnx.ModelProto, noise: Mapping[str, float]) -> list[LayerFit]:
    """A tensor that the variant has no longer is as good as what it was made from."""
    level = dict(noise)
    weights = {one.name for one in own.graph.initializer}
    fits = []
    for node in own.graph.node:
        inputs = min((level[name] for name in node.input if name in level), default=_SILENT_DB)
        for name in node.output:
            if name in noise:
                fits.append(
                    LayerFit(
                        layer=node.name,
                        op=node.op_type,
                        module=module_name(node, weights),
                        tensor=name,
                        sqnr_db=noise[name],
                        inputs_db=inputs,
                    )
                )
            else:
                level[name] = inputs
    return fits
