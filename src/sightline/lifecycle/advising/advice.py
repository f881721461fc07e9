"""The rules: how much of the network should learn, and the simplest backbone that satisfies everything."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from sightline.lifecycle.advising.backbones import Backbone
from sightline.lifecycle.advising.measured import Measured
from sightline.lifecycle.advising.question import Question
from sightline.records import Frozen

# The guides of the field: convolutions under 100,000 images, on a CPU, or under 20 ms; transformers with large
# pretraining and a GPU; the head alone under 5,000 images, everything from 100,000 on.
_MANY_IMAGES = 100_000
_TRANSFORMER_MS = 20.0
_FEW_IMAGES = 5_000
# docs/results.md: fine-tuning beat the solved head from the smallest set on that was tried.
_FINE_TUNING_PAYS = 141
_FEW_A_CLASS = 100
_SMALL_M, _LARGE_M = 6.0, 30.0

Advised = Literal["linear", "two_phase", "full", "scratch"]


class Row(Frozen):
    """A backbone, its latency on this machine if it was measured, and what speaks against it, if anything."""

    backbone: Backbone
    measured: Measured | None
    objections: tuple[str, ...]


class Advice(Frozen):
    """What to begin with.

    strategy
        As `training.strategy`.
    backbone
        None: nothing keeps the limit on latency.
    closest
        Where nothing does: what comes closest of those that the rules allow.
    reason
        A paragraph.
    notices
        What to know before relying on it.
    """

    strategy: Advised
    backbone: str | None
    closest: str | None
    reason: str
    notices: tuple[str, ...]
    rows: tuple[Row, ...]


def worth_measuring(question: Question, backbones: Sequence[Backbone]) -> list[Backbone]:
    """Those that the rules allow; none for a GPU, about which this machine's processor says nothing."""
    if question.target == "gpu":
        return []
    return [one for one in backbones if not any(_against(one, question))]


def advise(question: Question, backbones: Sequence[Backbone], measured: Mapping[str, Measured]) -> Advice:
    """Choose among backbones by the rules and by the latencies measured here, by backbone.

    The simplest that satisfies everything: the rules say how large a network a set of this size and this target call
    for, and the most accurate one up to that size that keeps the limit is taken.
    """
    rows = tuple(_row(one, question, measured.get(one.backbone)) for one in backbones)
    best = max((row for row in rows if not row.objections), key=lambda row: row.backbone.top1, default=None)
    near = min((row for row in rows if row.measured), key=_latency, default=None)
    strategy, why = _strategy(question)
    return Advice(
        strategy=strategy,
        backbone=None if best is None else best.backbone.backbone,
        closest=near.backbone.backbone if best is None and near is not None else None,
        reason=f"{why} {_missed(near, question) if best is None else _chosen(best, question)}",
        notices=(*_disturbed(measured), *_notices(question)),
        rows=rows,
    )


def _row(one: Backbone, question: Question, measured: Measured | None) -> Row:
    objections = list(_against(one, question))
    limit = question.max_latency_ms
    if limit is not None and measured is not None and measured.latency_ms > limit:
        objections.append(f"{measured.latency_ms:.1f} ms where {limit:g} are allowed")
    return Row(backbone=one, measured=measured, objections=tuple(objections))


def _latency(row: Row) -> float:
    assert row.measured is not None
    return row.measured.latency_ms


def _strategy(question: Question) -> tuple[Advised, str]:
    images = f"{question.images:,} images"
    if not question.weights:
        return "scratch", f"Without pretrained weights, everything is learnt from the {images}."
    if question.images > _MANY_IMAGES:
        return "full", f"{images} are enough to fine-tune everything from the first step."
    if question.images < _FINE_TUNING_PAYS:
        return "linear", (
            f"{images} are few to move a backbone with: its head is solved on its embeddings. We measured two_phase "
            f"to beat that from {_FINE_TUNING_PAYS} images on, the fewest that we tried; it is worth a try here too."
        )
    if question.images < _FEW_IMAGES:
        return "two_phase", (
            f"The guides' rule, which strategy auto follows, solves only the head on fewer than {_FEW_IMAGES:,} "
            f"images; we measured two_phase to beat that from {_FINE_TUNING_PAYS} images on (accuracy 0.933 against "
            f"0.776). So with {images}: two_phase, and linear only where training must take seconds."
        )
    return (
        "two_phase",
        f"{images} are enough to move the backbone, from the top down, and too few for everything.",
    )


def _against(one: Backbone, question: Question) -> Iterator[str]:
    """What the rules say against a backbone, whatever its latency here."""
    limit = question.max_latency_ms
    many = question.images >= _MANY_IMAGES
    if question.target == "edge" and one.family != "mobile":
        yield "not made for small devices"
    if one.family == "transformer":
        if not question.weights:
            yield "a transformer needs large pretraining"
        if not many:
            yield f"a transformer wants {_MANY_IMAGES:,} images"
        if question.target != "gpu":
            yield "a transformer wants a GPU"
        if limit is not None and limit < _TRANSFORMER_MS:
            yield f"a transformer is nothing for less than {_TRANSFORMER_MS:g} ms"
    elif one.parameters_m > (_LARGE_M if many else _SMALL_M):
        yield f"large for {question.images:,} images: {one.parameters_m:g} million weights"


def _chosen(best: Row, question: Question) -> str:
    one, limit = best.backbone, question.max_latency_ms
    here = ""
    if best.measured is not None:
        here = f", {best.measured.latency_ms:.1f} ms a picture here with {best.measured.runtime}"
    kept = "" if limit is None or best.measured is None else f" within {limit:g} ms"
    return (
        f"{one.backbone} is the most accurate of the backbones that the rules allow for that{kept}: {one.top1:g} % on "
        f"ImageNet at {one.size_px} px, {one.parameters_m:g} million weights{here}. Take a larger one only if the "
        "accuracy on your own test images demands it."
    )


def _missed(near: Row | None, question: Question) -> str:
    assert near is not None
    assert question.max_latency_ms is not None
    return (
        f"No backbone answers within {question.max_latency_ms:g} ms here: {near.backbone.backbone} comes closest with "
        f"{_latency(near):.1f} ms at {near.backbone.size_px} px. A smaller data.input_size, more threads, or "
        "`sightline optimize` after training may do."
    )


def _disturbed(measured: Mapping[str, Measured]) -> Iterator[str]:
    names = [one.backbone for one in measured.values() if one.disturbed]
    if names:
        yield (
            f"Others were at work on this machine while {', '.join(names)} ran: the latencies are too high, and are "
            "not remembered. Ask again when it is quiet."
        )


def _notices(question: Question) -> Iterator[str]:
    each = question.images / max(1, question.classes)
    if each < _FEW_A_CLASS:
        yield (
            f"{each:.0f} images a class are few, {_FEW_A_CLASS} to 500 are what transfer learning wants: more of them "
            "may gain more than any backbone."
        )
    if question.target == "gpu":
        yield "Nothing was measured: this machine's processor says nothing of a GPU. A limit on latency is not checked."
    if question.target == "edge":
        yield "The latencies are those of this machine: run the same command on the device."
    if question.weights:
        yield "Accuracy on ImageNet ranks backbones for photographs; on other pictures the order may differ."
