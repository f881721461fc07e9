"""A small folder of pictures of which any number of labels is true."""

import json
from pathlib import Path

from bundles import LABELS
from pictures import encode, gradient


def write_pictures(root: Path, count: int = 12) -> Path:
    """Pictures with none, some or all of the tiny bundle's labels, in a `metadata.jsonl`."""
    root.mkdir(parents=True)
    rows = []
    for index in range(count):
        name = f"{index:02}.png"
        (root / name).write_bytes(encode(gradient(30 + 3 * index, 60 - 2 * index)))
        rows.append(
            {"file_name": name, "labels": [one for bit, one in enumerate(LABELS) if index >> bit & 1]}
        )
    (root / "metadata.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return root
