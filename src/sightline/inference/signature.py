"""What a graph takes and gives, said the same way whichever runtime opened it."""

from collections.abc import Mapping
from typing import Literal

Output = Literal["logits", "embedding", "feature_map"]

Signature = Mapping[str, tuple[str, tuple[int | None, ...]]]
"""By name of the tensor its dtype, as numpy writes it, and its shape; None is a dimension that is open."""
