"""One picture explained: the answer, where its evidence lies, and how that was found."""

import time
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import HEAD_FILE, Head, Manifest, unpack_head
from sightline.errors import InputError
from sightline.images import as_rgb, decode_upright, full_size, place, read_image_file, resize_image
from sightline.inference.explaining.class_map import class_activation
from sightline.inference.explaining.evidence import Evidence
from sightline.inference.explaining.explanation import Explanation
from sightline.inference.explaining.rise import randomly_masked
from sightline.inference.explaining.whereabouts import Whereabouts
from sightline.inference.predictor import Predictor
from sightline.records import ExplanationMethod


class Explainer:
    """Explains the answers of one predictor. All methods may be called from several threads at once.

    predictor
        Answers first; the explanation is of its answer.
    head
        The head of its graph, if class-activation maps are exact with it; None: there are none.
    """

    def __init__(self, predictor: Predictor, head: Head | None) -> None:
        self.predictor = predictor
        self.head = head

    def require_class_maps(self) -> Head:
        """The head that class-activation maps are made with.

        Raises:
            InputError: they are not exact for this bundle, so it has none.
        """
        if self.head is None:
            name = self.predictor.bundle.manifest.name
            raise InputError(
                f"The bundle '{name}' has no class-activation maps: its logits are not one linear layer on the mean "
                "of its feature map. Use the method rise."
            )
        return self.head

    def explain(
        self,
        image: str | PathLike[str] | bytes,
        label: str | None = None,
        *,
        method: ExplanationMethod = "rise",
        top_k: int = 5,
        waited_ms: float = 0.0,
    ) -> Explanation:
        """Answer one picture, given by its path or as encoded bytes, and say where the evidence lies.

        label
            What to explain. None: the answer, of several labels the first; of none the most probable.
        method
            `rise` points best, for any network, and runs the graph on 129 pictures; `class_activation` on 16 at most,
            and only where `require_class_maps` has a head for it.
        top_k, waited_ms
            As of `Predictor.predict`.

        Raises:
            InputError: there is no such file, no such label, or no class-activation map of this bundle.
            ImageError: the picture is not taken; `.reason` says why.
        """
        manifest = self.predictor.bundle.manifest
        spec = manifest.preprocessing
        check_label(label, manifest)
        data = image if isinstance(image, bytes) else read_image_file(Path(image), spec.limits)
        prediction = self.predictor.predict(data, top_k=len(manifest.labels), waited_ms=waited_ms)
        probabilities = {one.label: one.probability for one in prediction.candidates}
        started = time.perf_counter()
        explained = label or next(iter(prediction.labels), prediction.label)
        picture = decode_upright(data, spec)
        whereabouts = Whereabouts(
            *full_size(data, picture, spec.limits),
            place(picture.width, picture.height, spec),
            picture.width,
            picture.height,
        )
        evidence = self._find(resize_image(as_rgb(picture), spec), whereabouts.window, explained, method)
        heat, peak = _scale(evidence, whereabouts)
        return Explanation(
            prediction=prediction.model_copy(update={"candidates": prediction.candidates[:top_k]}),
            label=explained,
            probability=probabilities[explained],
            method=method,
            exact=evidence.exact,
            score=evidence.score,
            contributions=evidence.contributions,
            rest=evidence.rest,
            heat=heat,
            picture=picture,
            whereabouts=whereabouts,
            peak=peak,
            runs=evidence.runs,
            milliseconds=(time.perf_counter() - started) * 1e3,
        )

    def _find(
        self, pixels: NDArray[np.uint8], window: tuple[slice, slice], label: str, method: ExplanationMethod
    ) -> Evidence:
        manifest, engine = self.predictor.bundle.manifest, self.predictor.engine
        index, activation = manifest.labels.index(label), manifest.decision.activation
        if method == "rise":
            return randomly_masked(engine, pixels, window, index, activation)
        head = self.require_class_maps()
        assert manifest.class_maps is not None
        return class_activation(
            engine,
            pixels,
            head,
            index,
            activation,
            cells=manifest.graph.feature_map_shape[1:],
            tolerance=manifest.class_maps.tolerance,
        )


def open_explainer(predictor: Predictor) -> Explainer:
    """Read the head of the predictor's bundle, if maps are exact with it.

    Raises:
        BundleCorrupt: the head cannot be used.
    """
    manifest = predictor.bundle.manifest
    if manifest.class_maps is None or not manifest.class_maps.exact:
        return Explainer(predictor, None)
    data = predictor.bundle.read(HEAD_FILE)
    channels = manifest.graph.feature_map_shape[0]
    return Explainer(predictor, unpack_head(data, classes=len(manifest.labels), embedding_size=channels))


def explain(
    predictor: Predictor,
    image: str | PathLike[str] | bytes,
    label: str | None = None,
    *,
    method: ExplanationMethod = "rise",
) -> Explanation:
    """Explain one picture; for many, `open_explainer` reads the head once. Raises as both do.

    >>> explain(sightline.load("tiles"), "a.jpg").peak  # doctest: +SKIP
    (212.0, 87.5)
    """
    return open_explainer(predictor).explain(image, label, method=method)


def check_label(label: str | None, manifest: Manifest) -> None:
    """Refuse a label that the bundle does not have.

    Raises:
        InputError: naming those that it has.
    """
    if label is not None and label not in manifest.labels:
        known = ", ".join(manifest.labels[:20]) + (", …" if len(manifest.labels) > 20 else "")
        raise InputError(f"The bundle '{manifest.name}' has no label '{label}'. It has: {known}.")


def _scale(
    evidence: Evidence, whereabouts: Whereabouts
) -> tuple[NDArray[np.float32], tuple[float, float] | None]:
    """Heat in [0, 1] over the input, and the place of its peak on the picture; none without evidence for the label."""
    inside = evidence.spread[whereabouts.window]
    strongest = float(inside.max())
    if not strongest > 0:
        return np.zeros_like(evidence.spread), None
    row, column = _centre(inside >= strongest * (1 - 1e-6))
    placement = whereabouts.placement
    peak = whereabouts.to_picture(column + placement.left_px + 0.5, row + placement.top_px + 0.5)
    return np.clip(evidence.spread / strongest, 0, 1), peak


def _centre(strongest: NDArray[np.bool_]) -> tuple[int, int]:
    """Of equally strong pixels, as there are along an edge, the one nearest to their middle."""
    places = np.argwhere(strongest)
    row, column = places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmin()]
    return int(row), int(column)
