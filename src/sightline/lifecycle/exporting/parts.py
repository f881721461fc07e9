"""What the other side needs beside the model, as files by name: labels, preprocessing, decision, golden images."""

import io
import json
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle
from sightline.inference import read_golden
from sightline.records import Task

PIXELS, LOGITS, EMBEDDING = "golden/pixels.npy", "golden/logits.npy", "golden/embedding.npy"


def pack_parts(bundle: Bundle) -> dict[str, bytes]:
    """The files, of a bundle at the variant that is exported."""
    manifest = bundle.manifest
    names, golden = read_golden(bundle)
    pictures = {f"golden/{PurePosixPath(name).name}": bundle.read(name) for name in names}
    answers = [
        {"picture": picture, "labels": [one for one in labels.split("|") if one], "verdict": str(verdict)}
        for picture, labels, verdict in zip(pictures, map(str, golden.labels), golden.verdicts, strict=True)
    ]
    return {
        "labels.json": _json(list(manifest.labels)),
        "preprocessing.json": _json(manifest.preprocessing.model_dump(mode="json")),
        "decision.json": _json(manifest.decision.model_dump(mode="json")),
        **pictures,
        PIXELS: _array(golden.pixels),
        LOGITS: _array(golden.logits),
        EMBEDDING: _array(golden.embedding),
        "golden/answers.json": _json(answers),
    }


def _labels(answer: str, task: Task) -> list[str]:
    """As golden outputs keep several labels: in one text, divided by `|`."""
    return [answer] if task == "multiclass" else [one for one in answer.split("|") if one]


def _json(value: Any) -> bytes:
    return f"{json.dumps(value, indent=1, ensure_ascii=False)}\n".encode()


def _array(values: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()
