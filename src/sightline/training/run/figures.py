"""An epoch's record as flat figures, and which epoch is best."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.training.loop.history import EpochRecord

Flat = dict[str, Any]


def flat_record(record: "EpochRecord") -> Flat:
    """A record's fields by name; those of `validation` as `val/accuracy` and `val/f1/<label>`."""
    fields = record.model_dump(mode="json")
    measured = {f"val/{name}": value for name, value in fields.pop("validation").items()}
    return {**fields, **measured}


def flatten_keys(value: Any, key: str = "", *, joint: str = ".") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings and lists, each with its path, as in `training.epochs`.

    Empty mappings and lists are leaves.
    """
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    if not parts or not value:
        yield key, value
        return
    for name, inside in parts:
        yield from flatten_keys(inside, f"{key}{joint}{name}" if key else str(name), joint=joint)


def to_csv(records: Sequence[Flat]) -> str:
    """One line a record; the columns are those of all records, in the order in which they came up."""
    columns = dict.fromkeys(name for record in records for name in record)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def strict_json(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON that every reader takes, with a line end: NaN and infinity are null."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent) + "\n"


def best_epoch(records: Sequence["EpochRecord"], metric: str) -> int | None:
    """The epoch with the best value on val, the earlier one on a tie; None if there is no value at all.

    `loss` is best where it is lowest, every other metric where it is highest.
    """
    sign = -1.0 if metric == "loss" else 1.0
    values = [(sign * number(record.validation.get(metric)), record.epoch) for record in records]
    known = [(value, -epoch) for value, epoch in values if math.isfinite(value)]
    return -max(known)[1] if known else None


def number(value: object) -> float:
    """A figure that may be missing: NaN where it is."""
    return float(value) if isinstance(value, int | float) else math.nan


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
