"""What a user may ask of the decision, in a small language of one line an aim.

    recall(LABEL) >= 0.99       of the pictures of LABEL so many are answered with it
    precision(LABEL) >= 0.995   of the accepted answers LABEL so many are right
    accuracy >= 0.99            of all accepted answers so many are right
    max_f1                      the largest macro-F1; with several labels the largest F1 of each

`*` in place of LABEL stands for every label. Shares lie above 0 and below 1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

AimKind = Literal["recall", "precision", "accuracy", "max_f1"]
GRAMMAR = "recall(LABEL) >= 0.99, precision(LABEL) >= 0.99, accuracy >= 0.99, max_f1"
EVERY = "*"

_OF_LABEL = re.compile(r"\s*(recall|precision)\s*\((.+)\)\s*(?:>=|≥)\s*(\S+)\s*", re.DOTALL)
_OF_ALL = re.compile(r"\s*(accuracy)\s*(?:>=|≥)\s*(\S+)\s*")


@dataclass(frozen=True)
class Aim:
    """One aim: its kind, its label where it has one, and the share to reach where it has one."""

    kind: AimKind
    label: str | None = None
    share: float | None = None

    def __str__(self) -> str:
        named = self.kind if self.label is None else f"{self.kind}({self.label})"
        return named if self.share is None else f"{named} >= {self.share:g}"


def read_aim(text: str) -> Aim:
    """Read one aim.

    Raises:
        ValueError: it is none; the message says what may be written.
    """
    if text.strip() == "max_f1":
        return Aim("max_f1")
    found = _OF_LABEL.fullmatch(text)
    if found is not None:
        kind: AimKind = "recall" if found[1] == "recall" else "precision"
        return Aim(kind, found[2].strip(), _share(text, found[3]))
    found = _OF_ALL.fullmatch(text)
    if found is not None:
        return Aim("accuracy", None, _share(text, found[2]))
    raise ValueError(f"'{text}' is no aim; an aim is one of {GRAMMAR}")


def for_labels(aims: Sequence[Aim], labels: Sequence[str]) -> list[Aim]:
    """The aims with every `*` written out; what is said of one label goes before it. `check_wishes` took them."""
    found: dict[tuple[AimKind, str | None], Aim] = {}
    starred = [aim for aim in aims if aim.label == EVERY and EVERY not in labels]
    for aim in aims:
        if aim not in starred:
            found[aim.kind, aim.label] = aim
    for aim in starred:
        for label in labels:
            found.setdefault((aim.kind, label), Aim(aim.kind, label, aim.share))
    return list(found.values())


def unknown_label(who: str, label: str, labels: Sequence[str]) -> str:
    """`who` 'label', a near name if there is one, and the labels there are."""
    near = get_close_matches(label, labels, n=1)
    hint = f". Did you mean '{near[0]}'?" if near else ""
    return f"{who} '{label}', and the labels are {_listed(labels)}{hint}"


def _share(text: str, written: str) -> float:
    try:
        share = float(written.removesuffix("%")) / (100.0 if written.endswith("%") else 1.0)
    except ValueError:
        share = -1.0
    if not 0.0 < share < 1.0:
        raise ValueError(f"'{text}' asks for {written}; the share must lie above 0 and below 1")
    return share


def _listed(labels: Sequence[str], most: int = 12) -> str:
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
