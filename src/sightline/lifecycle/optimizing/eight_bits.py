"""Candidates of eight bits, and where one of them goes wrong."""

import importlib.util

from sightline.bundle import Bundle
from sightline.lifecycle.optimizing.candidates import Candidate, quantized_candidates
from sightline.lifecycle.optimizing.material import Listen, Material, Pixels
from sightline.optimize.quantizing import Quantized, Tool, find_departure, quantize_graph

_SHORT: dict[Tool, str] = {"onnxruntime": "ort", "nncf": "nncf"}
_NAMED = 4
_DEPARTING = 16


def eight_bits(bundle: Bundle, material: Material, listen: Listen) -> list[Candidate]:
    """Quantise the reference by every tool that is installed; each graph is run in every runtime."""
    manifest = bundle.manifest
    graph = bundle.read(manifest.variants[manifest.default_variant].file)
    tools: list[Tool] = ["onnxruntime"]
    if importlib.util.find_spec("nncf"):
        tools.append("nncf")
    found: list[Candidate] = []
    for tool in tools:
        made = quantize_graph(
            graph,
            material.calibrating,
            material.trying,
            tool=tool,
            activation=manifest.decision.activation,
            progress=listen(f"Quantising with {tool}"),
        )
        found += quantized_candidates(made.graph, _SHORT[tool], _how(made))
    return found


def departure(reference: bytes, variant: bytes, pixels: Pixels) -> str:
    """The first layer at which a graph leaves another, in a sentence."""
    return str(find_departure(reference, variant, pixels[:_DEPARTING]))


def _how(made: Quantized) -> str:
    kept = [one.module for one in made.in_float]
    how = f"{made.tool}, {made.method}"
    if not kept:
        return how
    named = ", ".join(kept[:_NAMED]) + (", …" if len(kept) > _NAMED else "")
    return f"{how}; {len(kept)} in float: {named}"
