"""Which trainings the tables of quality are made of."""

from collections.abc import Iterator
from dataclasses import dataclass

SETS = {"digits": "sign-digits", "tiles": "magnetic-tile"}
STRATEGIES = {
    "linear": ("training.strategy=linear",),
    "two_phase": ("training.strategy=two_phase",),
    "scratch": ("training.strategy=scratch", "training.epochs=12", "training.learning_rate=4e-3"),
}
IMBALANCE = (
    "none",
    "class_weights",
    "effective_number",
    "balanced_sampling",
    "sqrt_sampling",
    "logit_adjustment",
)
SIZES = {"digits": (128, 160, 192), "tiles": (128, 192, 256)}
SHARES = (0.1, 0.3, 1.0)
CHANGES = (
    "training.backbone_lr_multiplier=0.1",
    "training.backbone_lr_multiplier=1.0",
    "training.learning_rate=3e-3",
    "training.unfreeze_epochs=0",
    "training.epochs=30",
)


@dataclass(frozen=True)
class Run:
    """One training.

    data
        `digits` or `tiles`, each with its recipe of `examples/`.
    share
        Of the training images of each class.
    textbook
        The two-phase code of textbooks (`plain.py`) instead of our own.
    """

    data: str
    seed: int
    overrides: tuple[str, ...] = ()
    share: float = 1.0
    textbook: bool = False

    def told(self) -> str:
        """What is special about it, for a table."""
        if self.textbook:
            return "two phases as textbooks write them"
        return " ".join((*self.overrides, *((f"{self.share:.0%} of the images",) if self.share < 1 else ())))


def plan(what: str, seeds: int) -> Iterator[Run]:
    """The runs of one table, by `strategies`, `imbalance`, `sizes`, `changes` or `learning_curve`."""
    for seed in range(seeds):
        yield from _of_seed(what, seed)


def _of_seed(what: str, seed: int) -> Iterator[Run]:
    match what:
        case "strategies":
            for data in SETS:
                yield Run(data, seed, textbook=True)
                yield from (Run(data, seed, overrides) for overrides in STRATEGIES.values())
        case "imbalance":
            for strategy in ("linear", "two_phase"):
                for method in IMBALANCE:
                    yield Run("tiles", seed, (*STRATEGIES[strategy], f"imbalance={method}"))
        case "sizes":
            for data, sizes in SIZES.items():
                for size in sizes:
                    for strategy in ("linear", "two_phase"):
                        yield Run(data, seed, (*STRATEGIES[strategy], f"data.input_size={size}"))
        case "changes":
            yield from (Run("tiles", seed, (*STRATEGIES["two_phase"], change)) for change in CHANGES)
        case "learning_curve":
            for share in SHARES:
                for strategy in STRATEGIES.values():
                    yield Run("digits", seed, strategy, share)
