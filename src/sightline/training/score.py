"""What a network says about pixels, as the record that evaluation judges."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.records import Scores, Targets
from sightline.training.network.network import Network


def score_network(
    network: Network,
    pixels_nhwc: NDArray[np.uint8],
    targets: Targets,
    ids: Sequence[str],
    labels: Sequence[str],
    *,
    batch_size: int = 64,
) -> Scores:
    """Scores of a network for preprocessed pixels, uint8 RGB `[N, H, W, 3]`.

    Targets are those of `Scores`: int64 `[N]`, or uint8 `[N, C]` for multilabel; they stay as they are. The network
    is left in evaluation mode.
    """
    batches = (
        torch.from_numpy(np.ascontiguousarray(pixels_nhwc[start : start + batch_size]))
        for start in range(0, len(pixels_nhwc), batch_size)
    )
    return score_batches(network, batches, targets, ids, labels)


def score_batches(
    network: Network,
    batches: Iterable[Tensor],
    targets: Targets,
    ids: Sequence[str],
    labels: Sequence[str],
) -> Scores:
    """As `score_network`, from batches uint8 `[n, H, W, 3]` that come one after another."""
    embeddings = embed_batches(network, batches)
    return score_embeddings(network, embeddings, targets, ids, labels)


def embed_batches(network: Network, batches: Iterable[Tensor]) -> Tensor:
    """Embeddings float32 `[N, D]` on the network's device; the network is left in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([network.embed(network.features(batch)) for batch in _on_device(network, batches)])


def score_embeddings(
    network: Network,
    embeddings: Tensor,
    targets: Targets,
    ids: Sequence[str],
    labels: Sequence[str],
) -> Scores:
    """Scores from embeddings float32 `[N, D]` that this network's backbone gave earlier."""
    network.eval()
    with torch.inference_mode():
        logits = network.head(embeddings)
    return Scores(logits.cpu().numpy(), embeddings.cpu().numpy(), targets, tuple(ids), tuple(labels))


def run_network(
    network: Network, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits float32 `[N, C]` and embeddings `[N, D]` of a network on the CPU for uint8 RGB images `[N, H, W, 3]`."""
    with torch.inference_mode():
        outputs = network(torch.from_numpy(images))
    return outputs.logits.numpy(), outputs.embedding.numpy()


def _on_device(network: Network, batches: Iterable[Tensor]) -> Iterator[Tensor]:
    device = network.mean.device
    for batch in batches:
        yield batch.to(device, non_blocking=True)
