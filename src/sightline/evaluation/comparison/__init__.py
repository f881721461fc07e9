"""Two engines on the same samples, and what is better and worse between them."""

from sightline.evaluation.comparison.changes import Changed, ClassChange
from sightline.evaluation.comparison.compare import Comparison, compare
from sightline.evaluation.comparison.paired import paired_p_value

__all__ = ["Changed", "ClassChange", "Comparison", "compare", "paired_p_value"]
