"""Pictures that look odd: blurred, dark, light, empty, of an odd size or shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.dataset import Dataset
from sightline.pages import counted
from sightline.quality.found import Found, RowFindings
from sightline.quality.identity import is_measured
from sightline.quality.kinds import Kind
from sightline.quality.outliers import Floats, stand_out

_EMPTY_BELOW_BITS = 3.0


@dataclass(frozen=True)
class Look:
    """One thing that a picture can have too little or too much of.

    limit
        Beyond it a picture is odd in any set; below it for the tail `low`, above it for `high`. `limit_is_low`
        says which for `both`.
    scale
        What makes differences comparable along the whole range, mostly the logarithm.
    least_spread
        See `modified_z_scores`; on the scale.
    says
        About one picture, from its value and the median.
    adjective, limit_says
        For the summary: `dark`, `even bright parts below 20%`.
    """

    kind: Kind
    measure: Callable[[Dataset], Floats]
    tail: Literal["low", "high", "both"]
    limit: float
    limit_is_low: bool
    scale: Callable[[Floats], Floats]
    least_spread: float
    says: str
    adjective: str
    limit_says: str
    advice: str


def _column(name: str) -> Callable[[Dataset], Floats]:
    return lambda dataset: dataset.table[name].to_numpy().astype(np.float64)


def _side_px(dataset: Dataset) -> Floats:
    side: Floats = np.sqrt(_column("width_px")(dataset) * _column("height_px")(dataset))
    return side


def _aspect(dataset: Dataset) -> Floats:
    width, height = _column("width_px")(dataset), _column("height_px")(dataset)
    aspect: Floats = np.maximum(width, height) / np.minimum(width, height)
    return aspect


def _sharpness(dataset: Dataset) -> Floats:
    """That of an empty picture says nothing; it is taken as usual, since the picture is found as empty."""
    values = _column("sharpness")(dataset)
    return np.where(_column("entropy_bits")(dataset) < _EMPTY_BELOW_BITS, np.median(values), values)


def _log(values: Floats) -> Floats:
    scaled: Floats = np.log(values + 1e-3)
    return scaled


def _log_of_rest(values: Floats) -> Floats:
    return -_log(1 - values)


def _as_is(values: Floats) -> Floats:
    return values


LOOKS = (
    Look(
        "blurry", _sharpness, "low", 0.08, True, _log, 0.15,
        "sharpness {:.2f}, usually {:.2f}", "blurry", "a sharpness below 0.08",
        "Remove what a person cannot judge either; keep the rest if production has such pictures too.",
    ),
    Look(
        "dark", _column("brightness_high"), "low", 0.2, True, _log, 0.1,
        "bright parts at {:.0%}, usually {:.0%}", "dark", "even bright parts below 20%",
        "Check lighting and exposure; remove what shows nothing.",
    ),
    Look(
        "light", _column("brightness_low"), "high", 0.85, False, _log_of_rest, 0.15,
        "dark parts at {:.0%}, usually {:.0%}", "light", "even dark parts above 85%",
        "Check exposure; overexposed detail is lost. Remove what shows nothing.",
    ),
    Look(
        "low_information", _column("entropy_bits"), "low", _EMPTY_BELOW_BITS, True, _as_is, 0.3,
        "{:.1f} bits of tone, usually {:.1f}", "nearly empty", "fewer than 3 bits of tone",
        "Remove empty frames and placeholders: the network learns their label by their emptiness.",
    ),
    Look(
        "odd_size", _side_px, "both", 32, True, _log, 0.1,
        "about {:.0f} px a side, usually {:.0f}", "of an odd size", "less than about 32 px a side",
        "Check where they come from: thumbnails, or another camera, are a cue that production has not.",
    ),
    Look(
        "odd_aspect_ratio", _aspect, "both", 4.0, False, _log, 0.05,
        "{:.2f} : 1, usually {:.2f} : 1", "of an odd shape", "longer than 4 : 1",
        "A centre crop cuts the ends off long pictures: resize by letterbox or squash, or cut them beforehand.",
    ),
)  # fmt: skip
_FAR = {"low": "far below", "high": "far above", "both": "far from"}


def find_odd_looks(dataset: Dataset) -> Iterator[Found]:
    """One kind after the other. Without measures, only size and shape are looked at."""
    for look in LOOKS:
        if len(dataset) and (is_measured(dataset) or look.kind.startswith("odd_")):
            yield from _find(dataset, look)


def _find(dataset: Dataset, look: Look) -> Iterator[Found]:
    values = look.measure(dataset)
    beyond = values < look.limit if look.limit_is_low else values > look.limit
    standout = stand_out(look.scale(values), beyond, look.tail, look.least_spread)
    rows, usual = standout.rows, float(np.median(values))
    if not len(rows) and not standout.unlisted:
        return
    yield Found(
        look.kind,
        "warning" if len(rows) else "info",
        _summary(look, len(rows), standout.unlisted, len(dataset)),
        look.advice if len(rows) else "Nothing to do, as long as pictures in production look the same.",
        RowFindings(
            dataset, rows, lambda index: look.says.format(values[rows[index]], usual), values=values[rows]
        ),
        standout.unlisted,
    )


def _summary(look: Look, listed: int, unlisted: int, total: int) -> str:
    sentences = []
    if unlisted:
        sentences.append(
            f"{unlisted / total:.0%} of the pictures have {look.limit_says}: that is how this set looks, and they"
            " are not listed."
        )
    if listed:
        are = f"{counted(listed, 'picture')} {'is' if listed == 1 else 'are'} {look.adjective}"
        why = "even so" if unlisted else f"{look.limit_says}, or"
        sentences.append(f"{are}: {why} {_FAR[look.tail]} the rest of the set.")
    return " ".join(sentences)
