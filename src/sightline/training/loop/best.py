"""The best epoch so far, its weights kept, and when to stop looking for a better one."""

from torch import Tensor

from sightline.training.loop.history import EpochRecord
from sightline.training.network.network import Network
from sightline.training.recipe.sections import EvaluationSection


class Best:
    """Keeps a copy of the weights of the epoch with the best `best_metric`; the earlier one on a tie."""

    def __init__(self, evaluation: EvaluationSection) -> None:
        self._metric = evaluation.best_metric or "f1_macro"
        self._patience = evaluation.early_stopping_patience
        self._weights: dict[str, Tensor] = {}
        self._value = float("-inf")
        self._waited = 0
        self.epoch = 0

    def offer(self, record: EpochRecord, network: Network) -> None:
        """Look at an epoch that has just ended; keep the network's weights if it is the best."""
        value = record.validation[self._metric]
        value = -value if self._metric == "loss" else value
        if value > self._value:
            self._value, self._waited, self.epoch = value, 0, record.epoch
            self._weights = {name: weight.detach().clone() for name, weight in network.state_dict().items()}
        elif record.phase == "fine_tuning":
            self._waited += 1

    @property
    def patience_is_over(self) -> bool:
        """Whether as many epochs of fine-tuning as the recipe allows have gone by without a better one."""
        return self._patience is not None and self._waited >= self._patience

    def restore(self, network: Network) -> None:
        """Put the kept weights back."""
        network.load_state_dict(self._weights)
