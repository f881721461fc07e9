"""Scores on disk: `scores.npz`, plain arrays that any numpy reads, and that are not believed when they come back."""

import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sightline.errors import InputError
from sightline.records import Column, ScoredSet, Scores, ScoresOrigin, Targets
from sightline.whole_file import write_whole

SCORES_FILE = "scores.npz"
_SCHEMA = 1
_TEXT, _NUMBER = "text.", "number."
_LARGEST_BYTES = 64 << 30
_ROWS_AT_ONCE = 4096
_NEEDED = ("schema", "origin", "logits", "embeddings", "targets", "ids", "labels")
_REMEDY = "write them anew with `sightline evaluate BUNDLE DATA --out FOLDER`"
Arrays = Mapping[str, NDArray[Any]]


class _Refused(Exception):
    """What is wrong with an array, in words that follow `cannot be used: `."""


def write_scores(scored: ScoredSet, path: Path) -> None:
    """Write scores and what stands beside them as an uncompressed `.npz` without pickle, whole or not at all.

    Arrays: `logits` float32 `[N, C]`, `embeddings` float32 `[N, D]`, `targets` int64 `[N]` or uint8 `[N, C]`, `ids`
    and `labels` as text, `groups` int64 `[N]` where known, a `text.NAME` or float64 `number.NAME` a column,
    `origin` (JSON as text), `schema`.

    Raises:
        OSError: what the system says.
    """
    write_whole(path, lambda file: save_scores(scored, file))


def save_scores(scored: ScoredSet, file: BinaryIO) -> None:
    """The same, into an open file."""
    scores = scored.scores
    arrays: dict[str, NDArray[Any]] = {
        "schema": np.array(_SCHEMA),
        "origin": np.array(scored.origin.model_dump_json()),
        "logits": scores.logits,
        "embeddings": scores.embeddings,
        "targets": scores.targets,
        "ids": np.array(scores.ids, np.str_),
        "labels": np.array(scores.labels, np.str_),
    }
    if scored.groups is not None:
        arrays["groups"] = scored.groups
    for name, cells in scored.columns.items():
        arrays[(_TEXT if cells.dtype.kind == "U" else _NUMBER) + name] = cells
    # Not `np.savez(**arrays)`: a column may be called `file`.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(values, order="C"), allow_pickle=False)


def read_scores(path: Path) -> ScoredSet:
    """Read what `write_scores` has written; nothing in it is taken on trust.

    Raises:
        InputError: there is no such file, it is damaged, would need pickle, is compressed (its size would then be
            anyone's word), was written by a newer Sightline, or its arrays do not fit together. Says which.
    """
    if not path.is_file():
        raise InputError(
            f"'{path}' is no file. Scores are written by `sightline evaluate BUNDLE DATA --out FOLDER`."
        )
    try:
        return _checked(_load(path))
    except _Refused as err:
        raise InputError(f"The scores in '{path}' cannot be used: {err}.") from err
    except zipfile.BadZipFile as err:
        raise InputError(f"The scores in '{path}' are damaged or cut off ({err}): {_REMEDY}.") from err
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
    ) as err:
        # numpy's own words would advise to allow pickle.
        why = "it holds objects" if "ickle" in str(err) or "bject arrays" in str(err) else err
        raise InputError(f"The scores in '{path}' cannot be read ({why}): {_REMEDY}.") from err


def _load(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(one.compress_type != zipfile.ZIP_STORED for one in members):
            raise _Refused("it is compressed; it must be saved with numpy.savez, not savez_compressed")
        if len({one.filename for one in members}) != len(members):
            raise _Refused("an array stands in it twice")
        size = sum(one.file_size for one in members)
        if size > min(_LARGEST_BYTES, path.stat().st_size):
            raise _Refused(f"its arrays claim {size:,} bytes, the file has {path.stat().st_size:,}")
        missing = [name for name in _NEEDED if f"{name}.npy" not in archive.namelist()]
        if missing:
            raise _Refused(f"{_named(missing)} missing; {_REMEDY}")
        names = [one.filename.removesuffix(".npy") for one in members]
        unknown = [n for n in names if n not in {*_NEEDED, "groups"} and not n.startswith((_TEXT, _NUMBER))]
        if unknown:
            raise _Refused(f"{_named(unknown[:5])} not known; {_REMEDY}")
        return {name: _read_array(archive, name) for name in names}


def _read_array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise _Refused(f"'{name}' is in version {version} of the .npy format")
        shape, _, dtype = read_header(member)
        # Before anything of that size is set aside.
        if not dtype.hasobject and math.prod(shape) * dtype.itemsize != _left(archive, name, member.tell()):
            raise _Refused(f"'{name}' claims {list(shape)} values of {dtype}, which is not what is there")
        member.seek(0)
        values: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
        return values


def _left(archive: zipfile.ZipFile, name: str, position: int) -> int:
    return archive.getinfo(f"{name}.npy").file_size - position


def _checked(arrays: Arrays) -> ScoredSet:
    schema = _of(arrays, "schema", "i", ())
    if int(schema) != _SCHEMA:
        raise _Refused(f"its schema is {int(schema)}, and this Sightline reads {_SCHEMA}; update Sightline")
    labels = _of(arrays, "labels", "U", (None,))
    logits = _of(arrays, "logits", "f4", (None, len(labels)))
    rows = len(logits)
    ids = _of(arrays, "ids", "U", (rows,))
    embeddings = _of(arrays, "embeddings", "f4", (rows, None))
    for name, values in (("logits", logits), ("embeddings", embeddings)):
        _require_finite(name, values, ids)
    for name, values in (("labels", labels), ("ids", ids)):
        if len(np.unique(values)) != len(values) or (values == "").any():
            raise _Refused(f"{name} must be there once each and not be empty")
    if len(labels) == 0:
        raise _Refused("there is no label")
    groups = _of(arrays, "groups", "i8", (rows,)) if "groups" in arrays else None
    columns: dict[str, Column] = {}
    for name in arrays:
        if name.startswith((_TEXT, _NUMBER)):
            kind = "U" if name.startswith(_TEXT) else "f8"
            columns[re.sub(r"^(text|number)\.", "", name)] = _of(arrays, name, kind, (rows,))
    scores = Scores(
        logits, embeddings, _targets(arrays, rows, len(labels)), tuple(ids.tolist()), tuple(labels.tolist())
    )
    return ScoredSet(scores, _origin(arrays), groups, columns)


def _require_finite(name: str, values_nk: NDArray[np.float32], ids: NDArray[np.str_]) -> None:
    """In blocks: 100,000 × 1,000 logits are no matter for another copy."""
    for start in range(0, len(values_nk), _ROWS_AT_ONCE):
        bad = np.flatnonzero(~np.isfinite(values_nk[start : start + _ROWS_AT_ONCE]).all(axis=1))
        if len(bad):
            raise _Refused(
                f"'{name}' has NaN or infinite values, first for '{ids[start + bad[0]]}'; {_REMEDY}"
            )


def _origin(arrays: Arrays) -> ScoresOrigin:
    try:
        return ScoresOrigin.model_validate_json(str(_of(arrays, "origin", "U", ())))
    except ValidationError as err:
        raise _Refused("'origin' does not say which bundle and split was scored") from err


def _targets(arrays: Arrays, rows: int, classes: int) -> Targets:
    targets = arrays["targets"]
    if targets.ndim == 2:
        found = _of(arrays, "targets", "u1", (rows, classes))
        if found.max(initial=0) > 1:
            raise _Refused("'targets' has a value that is neither 0 nor 1")
        return found.astype(np.uint8, copy=False)
    found = _of(arrays, "targets", "i8", (rows,))
    if rows and (found.min() < 0 or found.max() >= classes):
        raise _Refused(f"'targets' has a class that is not one of 0 to {classes - 1}")
    return found.astype(np.int64, copy=False)


def _of(arrays: Arrays, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    values = arrays[name]
    wanted = "[" + ", ".join("any" if side is None else str(side) for side in shape) + "]"
    fits = values.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, values.shape, strict=True)
    )
    if values.dtype.byteorder == ">" or not values.dtype.str.lstrip("<=|").startswith(kind) or not fits:
        raise _Refused(
            f"'{name}' is {values.dtype} {list(values.shape)}, where {_KINDS[kind]} {wanted} is expected"
        )
    return values


_KINDS = {"U": "text", "f4": "float32", "f8": "float64", "i8": "int64", "u1": "uint8", "i": "an integer"}


def _named(names: list[str]) -> str:
    return f"{', '.join(repr(name) for name in names)} {'is' if len(names) == 1 else 'are'}"
