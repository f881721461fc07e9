"""Which pictures show the same thing: nearly the same picture, or the same piece photographed once more."""

from sightline.dataset.duplicates.fingerprint import SIZE_PX, fingerprint
from sightline.dataset.duplicates.pairs import NearDuplicates
from sightline.dataset.duplicates.search import find_near_duplicates

__all__ = ["SIZE_PX", "NearDuplicates", "find_near_duplicates", "fingerprint"]
