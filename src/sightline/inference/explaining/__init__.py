"""Why an answer is what it is: heat over the picture, without torch."""

from sightline.inference.explaining.explain import Explainer, check_label, explain, open_explainer
from sightline.inference.explaining.explanation import Explanation
from sightline.inference.explaining.many import ExplainedFile, explain_files
from sightline.inference.explaining.overlay import as_png, draw_overlay, draw_pair

__all__ = [
    "ExplainedFile",
    "Explainer",
    "Explanation",
    "as_png",
    "check_label",
    "draw_overlay",
    "draw_pair",
    "explain",
    "explain_files",
    "open_explainer",
]
