"""Stories across the parts: build a bundle, judge it.

`sightline.lifecycle.build` is imported by its own name, because it brings torch and judging does not need it.
"""

from sightline.lifecycle.judge import Agreement, Judged, SplitChoice, compare_with_server, judge

__all__ = ["Agreement", "Judged", "SplitChoice", "compare_with_server", "judge"]
