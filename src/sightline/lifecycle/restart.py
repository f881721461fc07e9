"""What to do with an earlier run of the same name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Restart:
    """Go on with it, replace it, or, with neither, refuse."""

    resume: bool = False
    fresh: bool = False
