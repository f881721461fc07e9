"""Whether a graph's feature map and its head give class-activation maps."""

from typing import Literal

from pydantic import Field

from sightline.records.frozen import Frozen

HeadPooling = Literal["mean"]


class ClassMaps(Frozen):
    """What was found when a bundle's head was compared with its graph, on real pictures.

    pooling
        How the head's input comes from the feature map. `mean`: over all its places, so that a class-activation
        map is an exact account of the logit. None: there are layers between, or more of them after; maps are
        then made through the graph, by RISE.
    deviation
        Largest |weight @ mean(feature_map) + bias - logits| of any label and picture, as a share of the largest
        |logit|. None: the shapes do not fit, or the head is not one linear layer.
    tolerance
        `pooling` is `mean` where the deviation is at most this.
    images
        Pictures that were looked at.
    """

    pooling: HeadPooling | None
    deviation: float | None = None
    tolerance: float = Field(gt=0)
    images: int = Field(ge=0)

    @property
    def exact(self) -> bool:
        """Class-activation maps add up to the logits."""
        return self.pooling is not None
