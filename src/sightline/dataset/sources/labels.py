"""What a class may be called, and two names that nobody can tell apart."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from sightline.errors import DatasetError


@lru_cache(maxsize=4096)
def label_problem(label: str) -> str | None:
    """What keeps a name from being a class, as the end of a sentence with its remedy; None if nothing does.

    Slashes, inner spaces, emoji and every script are fine: a label is never used as a path.
    """
    if not label.strip():
        return "is empty, or has an empty part. Write the name of the class."
    if label != label.strip():
        return "begins or ends with a space. Take the space away."
    if "|" in label:
        return "has a |, which divides labels in tables. Rename the class."
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in label):
        return "has a character that cannot be shown. Rename the class."
    return None


def refuse_twins(labels: Iterable[str], where: str) -> None:
    """Refuse labels that look the same and are not: they would be two classes.

    Raises:
        DatasetError: shows both names, with their code points.
    """
    first_with: dict[str, str] = {}
    for label in sorted(labels):
        other = first_with.setdefault(_look(label), label)
        if other != label:
            raise DatasetError(
                f"{where} has two classes that look the same: '{label}', written as {_code_points(other)} and "
                f"as {_code_points(label)}. Give both the same name: macOS and other systems write accents "
                "differently."
            )


def _look(label: str) -> str:
    """The label in NFC (Unicode Annex 15), without characters that have no width of their own."""
    composed = unicodedata.normalize("NFC", label)
    return "".join(c for c in composed if unicodedata.category(c) != "Cf" and not "\ufe00" <= c <= "\ufe0f")


def _code_points(label: str) -> str:
    return " ".join(f"{ord(character):04X}" for character in label)
