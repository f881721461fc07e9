"""Stories across the parts: build a bundle, judge it.

`sightline.lifecycle.build` is imported by its own name, because it brings torch and judging does not need it.
"""

from sightline.lifecycle.judge import Judged, SplitChoice, judge
from sightline.lifecycle.remote import RemoteServer
from sightline.lifecycle.server_agreement import Agreement, compare_with_server

__all__ = ["Agreement", "Judged", "RemoteServer", "SplitChoice", "compare_with_server", "judge"]
