"""Where it fails: parts of the data on which answers are worse than on the rest, guarded against chance."""

from sightline.evaluation.slices.find import Slice, SliceFindings, find_slices
from sightline.evaluation.slices.significance import benjamini_hochberg, fisher_less

__all__ = ["Slice", "SliceFindings", "benjamini_hochberg", "find_slices", "fisher_less"]
