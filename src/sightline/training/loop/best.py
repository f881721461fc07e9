"""The best epoch so far, its weights kept, and when to stop looking for a better one."""

from typing import Any

from torch import Tensor, nn

from sightline.training.loop.history import EpochRecord
from sightline.training.recipe.recipe import Recipe


class Best:
    """Keeps a copy of the weights of the epoch with the best `best_metric`; the earlier one on a tie."""

    def __init__(self, recipe: Recipe) -> None:
        self._metric: str = recipe.best_metric
        self._stopping_metric: str = recipe.stopping_metric
        self._patience = recipe.evaluation.early_stopping_patience
        self._value = self._stopping_value = float("-inf")
        self._waited = 0
        self.weights: dict[str, Tensor] = {}
        self.epoch = 0

    def offer(self, record: EpochRecord, network: nn.Module) -> None:
        """Look at an epoch that has just ended; keep the network's weights if it is the best."""
        value = _value(record, self._metric)
        if value > self._value or not self.weights:
            self._value, self.epoch = value, record.epoch
            self.weights = {name: weight.detach().clone() for name, weight in network.state_dict().items()}
        if record.phase != "fine_tuning":
            # A solved probe may take epochs to be overtaken; that is no reason to give up on the way there.
            return
        stopping = _value(record, self._stopping_metric)
        if stopping > self._stopping_value:
            self._stopping_value, self._waited = stopping, 0
        else:
            self._waited += 1

    @property
    def patience_is_over(self) -> bool:
        """Whether as many epochs of fine-tuning as the recipe allows have gone by without a better one."""
        return self._patience is not None and self._waited >= self._patience

    def restore(self, network: nn.Module) -> None:
        """Put the kept weights back."""
        network.load_state_dict(self.weights)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, beside the weights."""
        return {
            "value": self._value,
            "stopping_value": self._stopping_value,
            "waited": self._waited,
            "epoch": self.epoch,
        }

    def resume(self, state: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Go on from what a checkpoint kept."""
        self._value, self._stopping_value = state["value"], state["stopping_value"]
        self._waited, self.epoch = state["waited"], state["epoch"]
        self.weights = dict(weights)


def _value(record: EpochRecord, metric: str) -> float:
    value = record.validation[metric]
    return -value if metric == "loss" else value
