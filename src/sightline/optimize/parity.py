"""Whether an exported graph gives what the network gave, on real pixels."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sightline.errors import ExportMismatch
from sightline.inference import open_session
from sightline.optimize.export import OUTPUTS
from sightline.records import DecisionRule, Frozen

Array = NDArray[np.float32]


class ExportCheck(Frozen):
    """How far a graph in ONNX Runtime is from its network in torch, over N images.

    images, batch_size
        The graph ran on each image alone and on `batch_size` at once; the figures are the worse of the two.
    label_agreement
        Share of the images with the same most probable label, in [0, 1].
    max_probability_difference
        Largest |Δp| of any class of any image, after softmax at temperature 1; at most `tolerance`.
    max_logit_difference, max_embedding_difference, max_feature_map_difference
        Largest |Δ| of the raw outputs.
    """

    images: int
    batch_size: int
    tolerance: float
    label_agreement: float
    max_probability_difference: float
    max_logit_difference: float
    max_embedding_difference: float
    max_feature_map_difference: float


def check_export(
    network: nn.Module, path: Path, pixels_nhwc: NDArray[np.uint8], *, tolerance: float = 1e-4
) -> ExportCheck:
    """Run network and graph on preprocessed pixels, uint8 RGB `[N, H, W, 3]`, one by one and all at once.

    Raises:
        ExportMismatch: a label differs, or a probability by more than `tolerance`, or an output is no number.
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    assert len(pixels_nhwc) > 0
    session = open_session(path.read_bytes(), path.name)
    expected = _run_network(network, pixels_nhwc)
    alone = [session.run(list(OUTPUTS), {"images": pixels_nhwc[i : i + 1]}) for i in range(len(pixels_nhwc))]
    one_by_one = [np.concatenate(rows) for rows in zip(*alone, strict=True)]
    at_once = session.run(list(OUTPUTS), {"images": pixels_nhwc})
    check = _compare(expected, (one_by_one, at_once), tolerance)
    if check.label_agreement < 1 or not check.max_probability_difference <= tolerance:
        raise ExportMismatch(
            f"The graph '{path.name}' does not agree with the network it came from: "
            f"{check.label_agreement:.2%} of {check.images} labels are the same (100 % are required), and the "
            f"largest difference of a probability is {check.max_probability_difference:.2e} (at most "
            f"{tolerance:.0e} is allowed). Do not ship it; export again, or choose another model.backbone."
        )
    return check


def _run_network(network: nn.Module, pixels_nhwc: NDArray[np.uint8]) -> list[Array]:
    with torch.inference_mode():
        outputs = network(torch.from_numpy(pixels_nhwc))
    return [output.numpy() for output in outputs]


def _compare(expected: list[Array], runs: tuple[list[Array], ...], tolerance: float) -> ExportCheck:
    probabilities = DecisionRule().probabilities
    wanted = expected[0].argmax(axis=1)
    logits, embedding, feature_map = (
        max(float(np.abs(run[place] - expected[place]).max()) for run in runs)
        for place in range(len(OUTPUTS))
    )
    return ExportCheck(
        images=len(wanted),
        batch_size=len(wanted),
        tolerance=tolerance,
        label_agreement=min(float((run[0].argmax(axis=1) == wanted).mean()) for run in runs),
        max_probability_difference=max(
            float(np.abs(probabilities(run[0]) - probabilities(expected[0])).max()) for run in runs
        ),
        max_logit_difference=logits,
        max_embedding_difference=embedding,
        max_feature_map_difference=feature_map,
    )
