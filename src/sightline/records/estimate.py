"""A figure with how far it can be trusted."""

from typing import Literal, Self

from pydantic import model_validator

from sightline.records.frozen import Frozen

IntervalMethod = Literal[
    "wilson", "bootstrap", "test_inversion", "jackknife", "adjusted_wald", "beta_binomial"
]
LEVEL = 0.95


class Estimate(Frozen):
    """A figure taken from a sample, and the interval that holds the true value in `level` of cases.

    Where there is nothing to estimate, there is no `Estimate`: a record then has None in its place.

    value
        The figure itself, as measured.
    low, high
        The interval, low ≤ high. It contains the value, except by `test_inversion`: a figure that noise makes
        larger may lie above all that is plausible.
    method
        `wilson`: Wilson's score interval of a share (Wilson 1927). `bootstrap`: percentiles over resamples of whole
        groups (Efron 1979). `jackknife`: Wilson's interval at the number of samples that gives the variance of the
        infinitesimal jackknife. `test_inversion`: of calibration errors, by the bootstrap's noise (Carpenter 1999).
        `adjusted_wald`: of a paired difference (Bonett & Price 2012).
        `beta_binomial`: not of the true share, but of what a fresh set of as many samples will show; wider.
    level
        In (0, 1), mostly 0.95.
    """

    value: float
    low: float
    high: float
    method: IntervalMethod
    level: float = LEVEL

    @model_validator(mode="after")
    def _is_an_interval(self) -> Self:
        if not self.low <= self.high:
            raise ValueError(f"low is {self.low}, above high, {self.high}")
        if not 0 < self.level < 1:
            raise ValueError(f"level is {self.level}; it must lie between 0 and 1")
        return self

    def contains(self, value: float) -> bool:
        """Whether a value, say a limit, lies within the interval."""
        return self.low <= value <= self.high
