"""The pruning of one run: which level it has reached, and all that has been taken out."""

from collections.abc import Sequence

from sightline.training.network.network import Network
from sightline.training.pruning.cost import cost_of
from sightline.training.pruning.levels import Level
from sightline.training.pruning.surgery import Cut, take_out, take_out_again


class Pruning:
    """Takes channels out when a level begins.

    cuts
        Everything taken out so far, in order.
    """

    def __init__(self, network: Network, input_size: tuple[int, int], levels: Sequence[Level]) -> None:
        self._network = network
        self._input_size = input_size
        self.levels = levels
        self.before = cost_of(network, input_size)
        self.cuts: list[Cut] = []
        self._reached = 0

    @property
    def finished(self) -> bool:
        """Whether the network has the size that it will be shipped with."""
        return self._reached == len(self.levels)

    def has_reached(self, level: Level) -> bool:
        """Whether the network has the size of that level, or a smaller one."""
        return self.levels.index(level) < self._reached

    def reach(self, level: Level) -> None:
        """Take out what the next level wants.

        Raises:
            TrainingError: so much cannot be taken out.
        """
        most = round(self.before.multiply_adds * (1 - level.share))
        self.cuts += take_out(self._network, self._input_size, most)
        self._reached += 1

    def take_up(self, cuts: Sequence[Cut], reached: int) -> None:
        """Bring the network to the shapes that an earlier part of the run gave it."""
        if cuts:
            take_out_again(self._network, self._input_size, cuts)
        self.cuts, self._reached = list(cuts), reached

    @property
    def reached(self) -> int:
        """How many levels have begun."""
        return self._reached

    def told(self) -> dict[str, str]:
        """What has become of the network, in words."""
        now = cost_of(self._network, self._input_size)
        gone = 1 - now.multiply_adds / self.before.multiply_adds
        return {"pruning": f"{now}, {gone:.0%} fewer multiply-adds than the {self.before} it began with"}
