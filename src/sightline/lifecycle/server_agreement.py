"""Whether a running server answers as the bundle was evaluated."""

from dataclasses import dataclass

import numpy as np

from sightline.bundle import Manifest
from sightline.dataset import read_sample
from sightline.errors import InputError
from sightline.inference import Predictor
from sightline.lifecycle.judge import Judged
from sightline.lifecycle.remote import RemoteAnswer, RemotePredictor, RemoteServer
from sightline.parallel import Progress

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Agreement:
    """How a server's answers compare with the bundle's own.

    label_agreement
        Share of the images with the same labels held for true: the one of multiclass, all of multilabel.
    max_probability_difference
        Largest |Δp| of any label of any image.
    differing
        Paths of the images whose labels differ.
    """

    images: int
    label_agreement: float
    max_probability_difference: float
    differing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """All labels are the same, and every probability within 1e-4."""
        return not self.differing and self.max_probability_difference <= _TOLERANCE


def require_same_model(predictor: Predictor, where: RemoteServer) -> None:
    """See that a server runs this very bundle, by this very variant, before anything is compared.

    Raises:
        InputError: the server does not answer or let us in, or runs another bundle or another variant.
    """
    server, url = RemotePredictor(where), where.url
    try:
        theirs = server.model()
    finally:
        server.close()
    bundle, manifest = predictor.bundle, predictor.bundle.manifest
    if theirs.bundle_id != bundle.id:
        raise InputError(
            f"The server at {url} runs bundle '{theirs.name}' ({theirs.bundle_id[:12]}…); this is '{manifest.name}' "
            f"({bundle.id[:12]}…). Serve this bundle, or evaluate the one that is served."
        )
    if theirs.variant != manifest.default_variant:
        raise InputError(
            f"The server at {url} runs variant '{theirs.variant}' of bundle '{manifest.name}'; this is "
            f"'{manifest.default_variant}'. Give --variant {theirs.variant}."
        )


def compare_with_server(
    judged: Judged, predictor: Predictor, where: RemoteServer, progress: Progress | None = None
) -> Agreement:
    """Send every judged image to a server and compare its answer with the bundle's own.

    Raises:
        InputError: the server does not answer, or knows other labels, or answers another task.
    """
    manifest = predictor.bundle.manifest
    expected = manifest.decision.probabilities(judged.scores.logits)
    present = manifest.decision.present(expected)
    server = RemotePredictor(where)
    largest, differing = 0.0, []
    try:
        for row, sample in enumerate(judged.dataset.samples):
            answer = server.ask(read_sample(judged.dataset, sample, manifest.preprocessing.limits))
            _require_comparable(answer, manifest, where.url)
            given = [answer.probabilities[label] for label in manifest.labels]
            largest = max(largest, float(np.abs(given - expected[row]).max()))
            if answer.labels != {manifest.labels[index] for index in np.flatnonzero(present[row])}:
                differing.append(sample.path)
            if progress is not None:
                progress(row + 1, len(expected))
    finally:
        server.close()
    return Agreement(len(expected), 1 - len(differing) / len(expected), largest, tuple(differing))


def _require_comparable(answer: RemoteAnswer, manifest: Manifest, url: str) -> None:
    if answer.task != manifest.task:
        raise InputError(f"The server at {url} answers {answer.task}; the bundle is {manifest.task}.")
    if set(answer.probabilities) != set(manifest.labels):
        raise InputError(
            f"The server at {url} has other labels than the bundle: {', '.join(answer.probabilities)}."
        )
