"""JSON from others: a few megabytes of it can make a gigabyte of objects, unless somebody counts first."""

import json
from typing import Any

from sightline.errors import MalformedRequest


def read_json(data: bytes, most_values: int) -> Any:
    """Parse JSON of so many values at most, as its commas and brackets tell before anything is made of them.

    Raises:
        MalformedRequest: it has more.
        ValueError, RecursionError: it is no JSON, or too deep.
    """
    if len(data) > most_values and sum(data.count(mark) for mark in (b",", b"[", b"{")) > most_values:
        raise MalformedRequest(f"The JSON has more than {most_values:,} values.")
    return json.loads(data)
