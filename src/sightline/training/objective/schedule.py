"""The learning rate over the steps of a phase."""

import math


def cosine_with_warmup(step: int, *, warmup_steps: int, total_steps: int) -> float:
    """The share of the peak learning rate at a step, in (0, 1]: a linear rise, then half a cosine towards 0.

    Loshchilov and Hutter 2017, SGDR, without restarts. The first step already moves the weights.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))
