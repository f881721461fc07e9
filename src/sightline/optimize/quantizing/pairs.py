"""What a pair of QuantizeLinear and DequantizeLinear does to a tensor, with gradients that pass through it."""

from typing import Any

import torch
from torch import Tensor, nn

from sightline.optimize.quantizing.ranges import Range

_LEVELS = 256
_LEAST_SHARE = 0.05


class _Rounding(torch.autograd.Function):
    """Clipping and rounding in one: put together of torch's own steps, their gradients were most of a training step."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, low: Tensor, high: Tensor) -> Tensor:
        first, last = float(low), float(high)
        ctx.save_for_backward(values)
        ctx.ends = first, last
        step = (last - first) / (_LEVELS - 1)
        if step <= 0:
            return torch.zeros_like(values)
        return torch.fake_quantize_per_tensor_affine(values, step, round(-first / step), 0, _LEVELS - 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (values,), (gradient,), (first, last) = ctx.saved_tensors, gradients, ctx.ends
        nothing = gradient.new_zeros(())
        low = (gradient * (values < first)).sum() if first else nothing
        high = (gradient * (values > last)).sum() if last else nothing
        return torch.ops.aten.hardtanh_backward(gradient, values, first, last), low, high


class ActivationPair(nn.Module):
    """Rounds to 256 levels between two ends that learn (Choi et al. 2018, PACT: what lies beyond an end pulls at it).

    shares
        float32 `[2]`: how much of the range at the beginning each end has now.
    """

    at_first: Tensor
    furthest: Tensor

    def __init__(self, at_first: Range, *, seen: Range) -> None:
        """Begin with a range; no end will go beyond that of the values that were `seen`."""
        super().__init__()
        low, high = min(at_first[0], 0.0), max(at_first[1], 0.0)
        self.register_buffer("at_first", torch.tensor([low, high]))
        self.register_buffer("furthest", torch.tensor([min(seen[0], low), max(seen[1], high)]))
        self.shares = nn.Parameter(torch.ones(2))

    def range(self) -> Range:
        """The two ends."""
        low, high = self._ends().tolist()
        return low, high

    def forward(self, values: Tensor) -> Tensor:
        """Values float32 of any shape, clipped and rounded; the rounding lets gradients through unchanged."""
        low, high = self._ends()
        rounded: Tensor = _Rounding.apply(values, low, high)
        return rounded

    def _ends(self) -> Tensor:
        ends = self.at_first * self.shares.clamp_min(_LEAST_SHARE)
        return ends.clamp(self.furthest[0], self.furthest[1])


class WeightPair(nn.Module):
    """Rounds weights `[out, …]` to 255 levels about zero, a scale for each output channel."""

    def forward(self, weights: Tensor) -> Tensor:
        """The weights rounded; the rounding lets gradients through unchanged."""
        widest = weights.detach().abs().flatten(1).amax(dim=1)
        steps = torch.where(widest > 0, widest / (_LEVELS // 2 - 1), 1.0)
        zeros = torch.zeros_like(steps, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weights, steps, zeros, 0, 1 - _LEVELS // 2, _LEVELS // 2 - 1
        )
