"""Which pictures show the same thing: nearly the same picture, or the same piece photographed once more."""

from sightline.dataset.duplicates.pairs import NearDuplicates

__all__ = ["NearDuplicates"]
