"""What the page tells of a comparison."""

from sightline.evaluation.comparison import Comparison
from sightline.evaluation.comparison.changes import ClassChange

MOST_CHANGED = 12
_MOST_CLASSES = 15


def classes_that_changed(comparison: Comparison) -> tuple[ClassChange, ...]:
    """The classes whose recall has changed most, losses before gains of the same size; at most fifteen."""
    moved = [one for one in comparison.per_class if one.recall_change is not None and one.recall_change.value]
    ranked = sorted(moved, key=lambda one: (-abs(_change(one)), _change(one)))
    return tuple(ranked[:_MOST_CLASSES])


def _change(one: ClassChange) -> float:
    return 0.0 if one.recall_change is None else one.recall_change.value
