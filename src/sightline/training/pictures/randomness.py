"""Random numbers that follow from the seed, the epoch and the place of a picture in it, and from nothing else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

_OF_ONE_PICTURE, _OF_A_STREAM, _OF_A_STEP = 0, 1, 2

_DRAWS = frozenset(
    {
        torch.rand,
        torch.randn,
        torch.randint,
        torch.randperm,
        torch.normal,
        torch.bernoulli,
        torch.multinomial,
        torch._sample_dirichlet,
        Tensor.uniform_,
        Tensor.normal_,
        Tensor.bernoulli_,
        Tensor.random_,
        Tensor.exponential_,
    }
)
_DRAWS_LIKE: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.rand_like: torch.rand,
    torch.randn_like: torch.randn,
}


def picture_generator(seed: int, epoch: int, place: int, stage: int = 0) -> torch.Generator:
    """A generator of its own for one picture of an epoch, and for each stage that it goes through."""
    state = _sequence(seed, epoch, (_OF_ONE_PICTURE, place, stage)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def step_generator(seed: int, epoch: int, step: int) -> np.random.Generator:
    """A generator for what is drawn once for a batch: the step of that number in an epoch."""
    return np.random.default_rng(_sequence(seed, epoch, (_OF_A_STEP, step)))


def uniforms(seed: int, epoch: int, places: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """`count` numbers from [0, 1) for each picture: float64 `[n, count]`.

    An epoch has one stream of numbers, and the picture at place p the section from p · `count` on. To jump
    there costs next to nothing, so that a batch needs one generator and not one a picture.
    """
    drawn = np.empty((len(places), count))
    if count == 0:
        return drawn
    starts = np.flatnonzero(np.diff(places, prepend=places[:1] - 2) != 1)
    for start, stop in zip(starts, [*starts[1:], len(places)], strict=True):
        bits = np.random.PCG64(_sequence(seed, epoch, (_OF_A_STREAM,)))
        bits.advance(int(places[start]) * count)
        drawn[start:stop] = np.random.Generator(bits).random((stop - start, count))
    return drawn


def _sequence(seed: int, epoch: int, key: tuple[int, ...]) -> np.random.SeedSequence:
    # It spreads neighbouring numbers over all bits; adding them up would repeat augmentations.
    return np.random.SeedSequence([seed, epoch], spawn_key=key)


class OwnRandomness(TorchFunctionMode):
    """Within it, this thread's draws come from the generator given, not from the process's only one."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self._generator = generator

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in _DRAWS_LIKE:
            like, *args = args
            kwargs = {"dtype": like.dtype, "device": like.device, **kwargs}
            func, args = _DRAWS_LIKE[func], (like.shape, *args)
        if func in _DRAWS:
            kwargs.setdefault("generator", self._generator)
        return func(*args, **kwargs)
