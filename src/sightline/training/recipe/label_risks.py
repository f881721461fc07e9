"""Transforms that may change what a picture is an example of, judged by the names of the classes."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sightline.training.recipe.steps import Step

_SHOWN = 4
_LARGE_ROTATION_DEGREES = 45.0
_LARGE_HUE = 0.05
_LARGE_SATURATION = 0.4
_SMALL_CROP = 0.3


@dataclass(frozen=True)
class _Words:
    """What in the labels speaks for a danger.

    alone
        Words of which one is enough.
    groups
        Two different words of a group, anywhere, or one that is a whole label: a right whale is not to the right.
    contrasts
        Words by which alone two labels differ: `red apple` and `green apple`, but not `orange` and `blue whale`.
    """

    alone: frozenset[str] = frozenset()
    groups: tuple[frozenset[str], ...] = ()
    contrasts: frozenset[str] = frozenset()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SIDES = _set("left right")
_ENDS = _set("up down")
_TOP = _set("top bottom")
_COMPASS = _set("north south east west")
_TURNING = _set("clockwise counterclockwise anticlockwise arrow arrows")
_WRITING = _set("text letter digit number numeral character handwriting word barcode")
_NUMBERS = _set("zero one two three four five six seven eight nine ten")
_COLOURS = _set(
    "red orange yellow green blue indigo violet purple magenta cyan turquoise pink brown black white grey gray gold "
    "golden silver beige"
)
_SYMBOL = re.compile(r"[a-zA-Z]|\d{1,2}")

_MIRRORED = _Words(_TURNING | _WRITING, (_SIDES, _COMPASS))
_UPENDED = _Words(_TURNING | _WRITING, (_ENDS, _TOP, _COMPASS))
_TURNED = _Words(_TURNING | _WRITING, (_SIDES, _ENDS, _TOP, _COMPASS))
_COLOURED = _Words(
    _set(
        "ripe unripe overripe underripe fresh rotten stale burnt rust rusty corroded discoloured discolored"
    ),
    contrasts=_COLOURS,
)
_SMALL = _Words(
    _set(
        "crack hole blowhole pinhole scratch dent chip pit pitting spot stain defect flaw void pore porosity burr nick "
        "fracture fray blister lesion nodule polyp count multiple several"
    ),
    (_NUMBERS,),
)


@dataclass(frozen=True)
class _Risk:
    """A kind of change, when a step makes it, whose labels it endangers, and what to do."""

    happens: Callable[[Step], bool]
    words: _Words
    symbols: bool
    change: str
    remedy: str


def label_risks(steps: Sequence[Step], labels: Sequence[str]) -> tuple[str, ...]:
    """Sentences on the steps that may turn a picture of one class into one of another, in the steps' order.

    Only the labels' names are looked at, as English words and as symbols (`7`, `b`), so a sentence is a question
    to the owner of the data and silence no proof.
    """
    return tuple(
        _sentence(place, step, risk, suspicious)
        for place, step in enumerate(steps)
        for risk in _RISKS
        if risk.happens(step) and (suspicious := _suspicious(risk, labels))
    )


def _sentence(place: int, step: Step, risk: _Risk, labels: Sequence[str]) -> str:
    shown = ", ".join(f"'{label}'" for label in labels[:_SHOWN])
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return (
        f"augmentation.{place}: {step.name} {risk.change}, which may change the label where classes are called "
        f"{shown}{more}. {risk.remedy}"
    )


def _suspicious(risk: _Risk, labels: Sequence[str]) -> list[str]:
    words_of = {label: frozenset(_words(label)) for label in labels}
    present = frozenset().union(*words_of.values())
    telling = set(risk.words.alone)
    for group in risk.words.groups:
        if len(group & present) > 1:
            telling |= group
    whole = frozenset().union(*risk.words.groups)
    found = {label for label in labels if words_of[label] & telling or label.lower() in whole}
    found |= _differing(words_of, risk.words.contrasts)
    symbols = {label for label in labels if _SYMBOL.fullmatch(label)}
    if risk.symbols and len(symbols) > 1:
        found |= symbols
    return [label for label in labels if label in found]


def _differing(words_of: Mapping[str, frozenset[str]], by: frozenset[str]) -> set[str]:
    """Labels that have a word of `by`, and another one that is the same but for these words."""
    alike: dict[frozenset[str], list[str]] = {}
    for label, words in words_of.items():
        if words & by:
            alike.setdefault(words - by, []).append(label)
    return {label for group in alike.values() if len(group) > 1 for label in group}


def _words(label: str) -> Iterator[str]:
    for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", label):
        word = part.lower()
        yield word
        if word.endswith("s"):
            yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]


def _is(*names: str) -> Callable[[Step], bool]:
    return lambda step: step.name in names and step.arguments.get("p") != 0


def _turns_far(step: Step) -> bool:
    # TrivialAugmentWide rotates by up to 135 degrees.
    if step.name == "TrivialAugmentWide":
        return True
    turns = step.name in ("RandomRotation", "RandomAffine")
    return turns and _largest(step.arguments.get("degrees")) >= _LARGE_ROTATION_DEGREES


def _recolours(step: Step) -> bool:
    if step.name != "ColorJitter":
        return _is(
            "AugMix",
            "AutoAugment",
            "RandAugment",
            "RandomGrayscale",
            "RandomInvert",
            "RandomSolarize",
            "TrivialAugmentWide",
        )(step)
    hue, saturation = step.arguments.get("hue"), step.arguments.get("saturation")
    if isinstance(saturation, list):
        saturation = [one - 1 for one in saturation if isinstance(one, int | float)]
    return _largest(hue) > _LARGE_HUE or _largest(saturation) > _LARGE_SATURATION


def _cuts_away(step: Step) -> bool:
    if step.name != "RandomResizedCrop":
        return _is("RandomErasing", "CutMix")(step)
    scale = step.arguments.get("scale", [0.08, 1.0])
    return isinstance(scale, list) and any(
        isinstance(one, int | float) and one < _SMALL_CROP for one in scale
    )


def _largest(value: Any) -> float:
    values = value if isinstance(value, list) else [value]
    return max((abs(one) for one in values if isinstance(one, int | float)), default=0.0)


_RISKS = (
    _Risk(
        _is("RandomHorizontalFlip"),
        _MIRRORED,
        True,
        "mirrors left and right",
        "Leave it out unless a mirrored picture keeps its class.",
    ),
    _Risk(
        _is("RandomVerticalFlip"),
        _UPENDED,
        True,
        "turns pictures upside down",
        "Leave it out unless such a picture keeps its class.",
    ),
    _Risk(
        _turns_far,
        _TURNED,
        True,
        f"rotates by {_LARGE_ROTATION_DEGREES:.0f} degrees or more",
        "Use RandomRotation or RandomAffine with fewer degrees instead.",
    ),
    _Risk(
        _recolours,
        _COLOURED,
        False,
        "changes colours",
        "Use ColorJitter with brightness and contrast alone instead.",
    ),
    _Risk(
        _cuts_away,
        _SMALL,
        False,
        "may remove what the label is about",
        "Leave it out, or keep more of the picture: RandomResizedCrop with a scale from 0.5 on.",
    ),
)
