"""Which layers bear 256 levels least."""

from collections.abc import Callable, Mapping, Sequence

import onnx

from sightline.optimize.quantizing.figure import Judge
from sightline.optimize.quantizing.layers import Layer
from sightline.optimize.quantizing.qdq import insert_pairs
from sightline.optimize.quantizing.ranges import Range
from sightline.records import Frozen

MOST_BLOCKS = 64


class Harm(Frozen):
    """What quantising one layer, or a block of neighbours in a deep network, does when all others are float.

    layer, op
        The node that gives the block its name, the first one, and what it is.
    module
        What a person calls it; see `module_name`.
    nodes
        Names of all its nodes.
    divergence
        The figure of `Closeness`, with this block quantised and nothing else.
    """

    layer: str
    op: str
    module: str
    nodes: tuple[str, ...]
    divergence: float


def rank_layers(
    model: onnx.ModelProto,
    layers: Sequence[Layer],
    ranges: Mapping[str, Range],
    judge: Judge,
    step: Callable[[], None],
) -> list[Harm]:
    """Quantise each block alone and hold it against the float reference; the most harmful first.

    A prepared graph of more than 64 layers is taken in blocks of neighbours, so that no graph asks for more than 64
    runs over the judge's pictures.
    """
    found = []
    for block in blocks_of(layers):
        nodes = tuple(name for layer in block for name in layer.nodes)
        alone = judge.compare(insert_pairs(model, ranges, only=nodes))
        found.append(
            Harm(
                layer=block[0].name,
                op=block[0].op,
                module=block[0].module,
                nodes=nodes,
                divergence=alone.divergence,
            )
        )
        step()
    return sorted(found, key=lambda one: -one.divergence)


def blocks_of(layers: Sequence[Layer]) -> list[Sequence[Layer]]:
    """Neighbours taken together until there are 64 blocks at most."""
    size = -(-len(layers) // MOST_BLOCKS)
    return [layers[first : first + size] for first in range(0, len(layers), size)]
