"""How fast somebody may ask: a token bucket."""

import time
from collections.abc import Callable


class Bucket:
    """Holds up to `burst` requests, and gets `per_s` more each second. Belongs to the event loop."""

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_s, self.burst = per_s, burst
        self._clock = clock
        self._filled, self._at = burst, clock()

    def take(self) -> float:
        """Take one and return 0, or take none and return the seconds until there is one."""
        self._refill()
        if self._filled >= 1:
            self._filled -= 1
            return 0.0
        return (1 - self._filled) / self.per_s

    def owe(self, count: int) -> None:
        """Take so many more, whether they are there or not: those that come next wait the longer."""
        self._refill()
        self._filled -= count

    def _refill(self) -> None:
        now = self._clock()
        self._filled = min(self.burst, self._filled + (now - self._at) * self.per_s)
        self._at = now
