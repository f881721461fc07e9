"""What a model may be called."""

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def is_name(text: str) -> bool:
    """Whether a model may be called this: a letter or digit, then up to 127 of those and of `._-`."""
    return _NAME.fullmatch(text) is not None
