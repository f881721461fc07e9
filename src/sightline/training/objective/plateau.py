"""The learning rate that falls when a run no longer becomes better."""


class Plateau:
    """A factor that is multiplied by `gamma` after `patience` epochs in a row without a better value.

    As torch's ReduceLROnPlateau with a threshold of 0; its `patience` counts one epoch less. A value that is no
    number is none that is better.
    """

    def __init__(self, gamma: float, patience: int) -> None:
        self._gamma = gamma
        self._patience = patience
        self._best: float | None = None
        self._waited = 0
        self.factor = 1.0

    def observe(self, value: float, *, larger_is_better: bool) -> None:
        """Look at the judged metric of an epoch that has just ended."""
        height = value if larger_is_better else -value
        if height > (float("-inf") if self._best is None else self._best):
            self._best, self._waited = height, 0
            return
        self._waited += 1
        if self._waited >= self._patience:
            self.factor, self._waited = self.factor * self._gamma, 0

    def state(self) -> dict[str, float]:
        """All that it remembers, as numbers that JSON can hold."""
        best = {} if self._best is None else {"best": self._best}
        return {"factor": self.factor, "waited": float(self._waited), **best}

    def restore(self, state: dict[str, float]) -> None:
        """Remember what another one did."""
        self.factor, self._waited, self._best = state["factor"], int(state["waited"]), state.get("best")
