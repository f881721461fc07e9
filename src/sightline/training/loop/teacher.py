"""A bundle that a student learns from: its answers to the very pictures that the student sees."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sightline.bundle import read_bundle
from sightline.errors import TrainingError
from sightline.inference import Engine, open_engine
from sightline.training.recipe.recipe import Recipe


class Teacher:
    """The reference graph of a bundle, asked about augmented pictures (Beyer et al. 2022: a patient teacher is shown
    the same picture as its student).

    A picture of another size than the teacher takes is resized for it, bilinearly and antialiased.
    """

    def __init__(self, engine: Engine, size: tuple[int, int], order: Sequence[int]) -> None:
        self._engine = engine
        self._size = size
        self._order = np.asarray(order)

    @classmethod
    def open(cls, recipe: Recipe, labels: Sequence[str]) -> "Teacher | None":
        """The recipe's teacher, its logits in the order of `labels`; None if it names none.

        Raises:
            BundleError: the bundle cannot be read.
            TrainingError: it was made for another task or other labels.
        """
        if recipe.training.teacher is None:
            return None
        bundle = read_bundle(Path(recipe.training.teacher))
        manifest = bundle.manifest
        if manifest.task != recipe.task or set(manifest.labels) != set(labels):
            raise TrainingError(
                f"The teacher '{recipe.training.teacher}' answers {manifest.task} with {', '.join(manifest.labels)}; "
                f"this data set is {recipe.task} with {', '.join(labels)}. Both need the same."
            )
        spec = manifest.preprocessing
        return cls(
            open_engine(bundle),
            (spec.height_px, spec.width_px),
            [manifest.labels.index(label) for label in labels],
        )

    def logits(self, images_nhwc: Tensor) -> Tensor:
        """Its logits, float32 `[n, C]`, for uint8 RGB images `[n, H, W, 3]`, on the images' device."""
        images = images_nhwc
        if tuple(images.shape[1:3]) != self._size:
            resized = functional.interpolate(
                images.permute(0, 3, 1, 2).float(), self._size, mode="bilinear", antialias=True
            )
            images = resized.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
        (logits,) = self._engine.run(images.cpu().numpy(), ["logits"])
        return torch.from_numpy(np.ascontiguousarray(logits[:, self._order])).to(images_nhwc.device)
