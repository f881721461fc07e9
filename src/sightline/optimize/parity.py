"""Whether an exported graph gives what the network gave, on real pixels."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sightline.errors import ExportMismatch
from sightline.inference import open_session
from sightline.optimize.export import OUTPUTS
from sightline.records import EVEN_ODDS, Activation, DecisionRule, Frozen


class ExportCheck(Frozen):
    """How far a graph in ONNX Runtime is from its network in torch, over N images.

    images, batch_size
        The graph ran on each image alone and on batches of up to `batch_size`; the figures are the worse.
    activation
        What turned logits into probabilities, at temperature 1.
    label_agreement
        Share of the images with the same labels, in [0, 1]. With softmax that is the most probable label; with
        sigmoid the set of labels at 0.5 and above, those left aside whose probability in the network is within
        `tolerance` of 0.5: rounding may put them on either side.
    max_probability_difference
        Largest |Δp| of any label of any image; at most `tolerance`.
    max_logit_difference, max_embedding_difference, max_feature_map_difference
        Largest |Δ| of the raw outputs.
    """

    images: int
    batch_size: int
    tolerance: float
    activation: Activation
    label_agreement: float
    max_probability_difference: float
    max_logit_difference: float
    max_embedding_difference: float
    max_feature_map_difference: float


def check_export(
    network: nn.Module,
    path: Path,
    batches: Iterable[NDArray[np.uint8]],
    *,
    tolerance: float = 1e-4,
    activation: Activation = "softmax",
) -> ExportCheck:
    """Run network and graph on batches of preprocessed pixels, uint8 RGB `[n, H, W, 3]`, and one by one.

    Raises:
        ExportMismatch: a label differs, or a probability by more than `tolerance`, or an output is no number.
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    session = open_session(path.read_bytes(), path.name)
    compare = _Comparison(DecisionRule(activation=activation), tolerance)
    found = [compare.batch(network, session, pixels) for pixels in batches]
    images = sum(one.images for one in found)
    agreement = sum(one.same_label for one in found) / images
    # numpy's maximum lets NaN through, and NaN is within no tolerance.
    probability, logit, embedding, feature_map = np.max([one.largest for one in found], axis=0).tolist()
    if agreement < 1 or not probability <= tolerance:
        raise ExportMismatch(
            f"The graph '{path.name}' does not agree with the network it came from: {agreement:.2%} of {images} "
            f"labels are the same (100 % are required), and the largest difference of a probability is "
            f"{probability:.2e} (at most {tolerance:.0e} is allowed). Do not ship it; export again, or choose "
            "another model.backbone."
        )
    return ExportCheck(
        images=images,
        batch_size=max(one.images for one in found),
        tolerance=tolerance,
        activation=activation,
        label_agreement=agreement,
        max_probability_difference=probability,
        max_logit_difference=logit,
        max_embedding_difference=embedding,
        max_feature_map_difference=feature_map,
    )


class _Found(NamedTuple):
    """Of one batch: images, those with the same labels every time, largest |Δ| of p, logits and the other two."""

    images: int
    same_label: int
    largest: list[float]


@dataclass(frozen=True)
class _Comparison:
    rule: DecisionRule
    tolerance: float

    def batch(self, network: nn.Module, session: Any, pixels: NDArray[np.uint8]) -> _Found:
        with torch.inference_mode():
            expected = [output.numpy() for output in network(torch.from_numpy(pixels))]
        alone = [session.run(list(OUTPUTS), {"images": pixels[i : i + 1]}) for i in range(len(pixels))]
        runs = (
            [np.concatenate(rows) for rows in zip(*alone, strict=True)],
            session.run(list(OUTPUTS), {"images": pixels}),
        )
        wanted = self.rule.probabilities(expected[0])
        found = [self.rule.probabilities(run[0]) for run in runs]
        same = np.logical_and.reduce([self._same_labels(one, wanted) for one in found])
        apart = [[_largest(one, wanted)] for one in found]
        for row, run in zip(apart, runs, strict=True):
            row += [_largest(given, output) for given, output in zip(run, expected, strict=True)]
        return _Found(len(pixels), int(same.sum()), np.max(apart, axis=0).tolist())

    def _same_labels(
        self, given_nc: NDArray[np.float64], wanted_nc: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        differ = self.rule.present(given_nc) != self.rule.present(wanted_nc)
        if self.rule.activation == "sigmoid":
            differ &= np.abs(wanted_nc - EVEN_ODDS) > self.tolerance
        return np.asarray(~differ.any(axis=1), np.bool_)


def _largest(given: NDArray[Any], expected: NDArray[Any]) -> float:
    return float(np.abs(given - expected).max())
