"""What is known of a run before its first step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from sightline.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class RunFacts:
    """Given to the run folder and to trackers when a run begins.

    recipe
        The complete recipe; the seed is in it.
    dataset
        What was learnt from: `digest`, and counts such as `train`, `val`, `test` and `classes`.
    environment
        Versions of packages and interpreter, and the hardware.
    command
        The command line, word for word; empty where there was none.
    """

    recipe: Recipe
    dataset: Mapping[str, JsonValue]
    environment: Mapping[str, JsonValue] = field(default_factory=dict)
    command: tuple[str, ...] = ()
