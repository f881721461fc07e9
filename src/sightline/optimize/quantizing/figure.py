"""How far a variant's answers are from the reference's, without asking which are right."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Runtime
from sightline.inference import open_graph
from sightline.records import Activation, DecisionRule, Frozen

# OpenVINO compiles for one picture anyway, and once more for any other number.
_PICTURES_A_RUN: dict[Runtime, int] = {"onnxruntime": 8, "openvino": 1}


class Closeness(Frozen):
    """A variant against the float reference on the same pictures.

    divergence
        Kullback-Leibler divergence of its probabilities from the reference's in nats, at temperature 1, the mean over
        the pictures; with sigmoid the sum over the labels. By this figure variants are judged.
    label_agreement
        Share of pictures with the same answer, in [0, 1].
    embedding_cosine
        Mean cosine between the embeddings of both: what search, drift and outlier scores see.
    """

    divergence: float
    label_agreement: float
    embedding_cosine: float


@dataclass(frozen=True)
class Judge:
    """The reference's outputs for the trial pictures, against which graphs are held.

    images
        uint8 RGB `[N, H, W, 3]`.
    logits, embeddings
        float32 `[N, C]` and `[N, D]`.
    runtime
        What variants are run in: the one that will serve them, since runtimes may fuse a graph to more than it says.
    """

    images: NDArray[np.uint8]
    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    activation: Activation
    runtime: Runtime = "onnxruntime"

    def first(self, count: int) -> "Judge":
        """The same with the first `count` pictures only."""
        return replace(
            self,
            images=self.images[:count],
            logits=self.logits[:count],
            embeddings=self.embeddings[:count],
        )

    def compare(self, graph: bytes) -> Closeness:
        """Run a graph in the judge's runtime and say how close it comes."""
        logits, embeddings = run_graph(graph, self.images, self.runtime)
        rule = DecisionRule(activation=self.activation)
        own, other = (rule.present(rule.probabilities(one)) for one in (logits, self.logits))
        lengths = np.linalg.norm(embeddings, axis=1) * np.linalg.norm(self.embeddings, axis=1)
        products = (embeddings * self.embeddings).sum(axis=1)
        return Closeness(
            divergence=float(_divergences(self.logits, logits, self.activation).mean()),
            label_agreement=float((own == other).all(axis=1).mean()),
            embedding_cosine=float((products / np.maximum(lengths, 1e-12)).mean()),
        )


def open_judge(
    reference: bytes,
    images_nhwc: NDArray[np.uint8],
    activation: Activation,
    runtime: Runtime = "onnxruntime",
) -> Judge:
    """Run the reference, in ONNX Runtime, on the trial pictures."""
    logits, embeddings = run_graph(reference, images_nhwc)
    return Judge(images_nhwc, logits, embeddings, activation, runtime)


def run_graph(
    graph: bytes, images_nhwc: NDArray[np.uint8], runtime: Runtime = "onnxruntime"
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits float32 `[N, C]` and embeddings float32 `[N, D]` of a graph."""
    engine = open_graph(graph, "graph", runtime, "int8")
    size = _PICTURES_A_RUN[runtime]
    runs = [
        engine.run(images_nhwc[first : first + size], ["logits", "embedding"])
        for first in range(0, len(images_nhwc), size)
    ]
    return np.concatenate([logits for logits, _ in runs]), np.concatenate(
        [embedding for _, embedding in runs]
    )


def _divergences(
    reference_nc: NDArray[np.float32], variant_nc: NDArray[np.float32], activation: Activation
) -> NDArray[np.float64]:
    """Of each picture."""
    p, q = (_log_probabilities(one.astype(np.float64), activation) for one in (reference_nc, variant_nc))
    return np.asarray((np.exp(p) * (p - q)).reshape(len(p), -1).sum(axis=1), np.float64)


def _log_probabilities(logits_nc: NDArray[np.float64], activation: Activation) -> NDArray[np.float64]:
    """Softmax `[N, C]`; sigmoid `[N, C, 2]`, present and absent."""
    if activation == "sigmoid":
        return -np.logaddexp(0, np.stack([-logits_nc, logits_nc], axis=-1))
    shifted = logits_nc - logits_nc.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float64)
