"""The learning rate over the steps of a phase."""

import math
from collections.abc import Callable
from functools import partial

from sightline.training.objective.plateau import Plateau
from sightline.training.recipe.recipe import Recipe

# Of Smith 2018, Super-convergence, in the numbers that torch's OneCycleLR took from fastai.
_RISE = 0.3
_FIRST_SHARE = 1 / 25
_LAST_SHARE = _FIRST_SHARE / 1e4


class Schedule:
    """The share of the peak learning rate at each step; only that of `plateau` remembers anything."""

    def __init__(self, shape: Callable[[int], float], plateau: Plateau | None = None) -> None:
        self._shape = shape
        self._plateau = plateau

    def share(self, step: int) -> float:
        """The share at a step of the phase, counted from 0, in (0, 1]."""
        return self._shape(step) * (1.0 if self._plateau is None else self._plateau.factor)

    def observe(self, value: float, *, larger_is_better: bool) -> None:
        """Tell it the judged metric of an epoch that has just ended."""
        if self._plateau is not None:
            self._plateau.observe(value, larger_is_better=larger_is_better)

    def state(self) -> dict[str, float]:
        """What a checkpoint must hold besides the step; nothing for most schedules."""
        return {} if self._plateau is None else self._plateau.state()

    def restore(self, state: dict[str, float]) -> None:
        """Go on from the state of a schedule of the same recipe."""
        if self._plateau is not None:
            self._plateau.restore(state)


def build_schedule(recipe: Recipe, *, total_steps: int, steps_per_epoch: int, warmup_steps: int) -> Schedule:
    """The recipe's schedule over a phase of `total_steps`, of which the first `warmup_steps` rise evenly.

    `onecycle` rises in its own way, and takes no `warmup_steps`. `step` counts its epochs from the end of the warm-up.
    """
    training = recipe.training
    match training.scheduler:
        case "cosine":
            return Schedule(partial(cosine_with_warmup, warmup_steps=warmup_steps, total_steps=total_steps))
        case "onecycle":
            return Schedule(partial(one_cycle, total_steps=total_steps))
        case "step":
            every = training.step_epochs * steps_per_epoch
            falls = partial(_falling, warmup_steps=warmup_steps, every=every, gamma=training.step_gamma)
            return Schedule(falls)
        case "plateau":
            plateau = Plateau(training.step_gamma, training.plateau_patience)
            return Schedule(partial(_warm, warmup_steps=warmup_steps), plateau)
        case "constant":
            return Schedule(partial(_warm, warmup_steps=warmup_steps))


def cosine_with_warmup(step: int, *, warmup_steps: int, total_steps: int) -> float:
    """The share of the peak learning rate at a step, in (0, 1]: a linear rise, then half a cosine towards 0.

    Loshchilov and Hutter 2017, SGDR, without restarts. The first step already moves the weights.
    """
    if step < warmup_steps:
        return _warm(step, warmup_steps)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))


def one_cycle(step: int, *, total_steps: int) -> float:
    """The share at a step, in (0, 1]: half a cosine up over 30 % of the steps, and half a cosine down to almost 0.

    Smith 2018, Super-convergence: very fast training of neural networks using large learning rates.
    """
    last, peak = total_steps - 1, max(0.0, _RISE * total_steps - 1)
    if step <= peak:
        return _annealed(_FIRST_SHARE, 1.0, step / peak if peak else 1.0)
    return _annealed(1.0, _LAST_SHARE, (step - peak) / (last - peak))


def _annealed(start: float, end: float, progress: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * progress))


def _warm(step: int, warmup_steps: int) -> float:
    return (step + 1) / (warmup_steps + 1) if step < warmup_steps else 1.0


def _falling(step: int, *, warmup_steps: int, every: int, gamma: float) -> float:
    falls = max(0, step - warmup_steps) // every
    return _warm(step, warmup_steps) * float(gamma**falls)
