"""Names for requests and answers: 32 hexadecimal digits that no other has, and no secret."""

import os
import random

_random = random.Random(os.urandom(32))  # noqa: S311
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(32)))


def new_id() -> str:
    """A new one, in a microsecond: the system is asked for chance once, not at each of them."""
    return f"{_random.getrandbits(128):032x}"
