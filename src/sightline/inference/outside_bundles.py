"""A bundle is sealed: a single file more in it, and it is refused ever after."""

from pathlib import Path

from sightline.bundle import bundle_around
from sightline.errors import InputError


def require_outside_bundles(folder: Path, remedy: str) -> None:
    """See that a folder to be written to is no bundle and lies in none; it need not exist.

    remedy
        What to do instead, as a sentence.

    Raises:
        InputError: naming the bundle, with the remedy.
    """
    around = bundle_around(folder)
    if around is not None:
        raise InputError(
            f"'{folder}' is, or lies in, the bundle '{around}', which nothing may be added to. {remedy}"
        )
