"""What is known before anything is trained."""

from dataclasses import dataclass
from typing import Literal

from sightline.dataset import read_dataset
from sightline.errors import InputError

Target = Literal["cpu", "gpu", "edge"]


@dataclass(frozen=True)
class Question:
    """What advice is asked for.

    images, classes
        Labelled images to train on, and kinds of them.
    max_latency_ms
        Of a call with one picture, the median; None: no limit.
    target
        Where the network will answer: `cpu`, `gpu`, or `edge`, a small device of its own.
    threads
        Cores that a call may use.
    weights
        Whether pretrained weights can be had and fit: pictures like photographs, and the licence allows it.
    """

    images: int
    classes: int
    max_latency_ms: float | None = None
    target: Target = "cpu"
    threads: int = 1
    weights: bool = True


def question_about(
    data: str | None,
    images: int | None,
    classes: int | None,
    *,
    max_latency_ms: float | None,
    target: Target,
    threads: int,
    weights: bool,
) -> Question:
    """The question, with images and classes counted in a source of images where one is named.

    Raises:
        InputError: neither a source nor both numbers are given, or both are; or there is nothing at the source.
        DatasetError: the source cannot be used.
    """
    if data is not None:
        if images is not None or classes is not None:
            raise InputError(
                "The images are counted where a source is named: leave --images and --classes out."
            )
        dataset = read_dataset(data)
        images, classes = len(dataset), len(dataset.labels)
    if images is None or classes is None:
        raise InputError("Name the images, as in `sightline advise FOLDER`, or give --images and --classes.")
    return Question(images, classes, max_latency_ms, target, threads, weights)
