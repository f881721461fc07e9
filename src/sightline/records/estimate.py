"""A number that was estimated, with how sure one can be of it."""

from pydantic import Field

from sightline.records.frozen import Frozen


class Estimate(Frozen):
    """A value with its interval; None where there is nothing to estimate.

    method
        How the interval was made, for instance `wilson`, `bootstrap` or `beta-binomial`.
    level
        The share of such intervals that hold what they are about, 0.95 by default.
    """

    value: float | None
    low: float | None
    high: float | None
    method: str
    level: float = Field(default=0.95, gt=0, lt=1)
