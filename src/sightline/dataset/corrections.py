"""Labels set right by people, as a table: read with all its mistakes at once, and applied to a data set.

`file_name` and `label` are needed; `sha256` and `given`, if they are there, are checked, and other columns are
passed over. In `label`: the right labels, divided by `|`; `!exclude` to leave the picture out; nothing where the
label stays as it is.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sightline.dataset.sample import Sample
from sightline.dataset.table import Dataset
from sightline.errors import DatasetError, InputError

CORRECTION_COLUMNS = ("file_name", "given", "suggested", "score", "label", "sha256")
EXCLUDE = "!exclude"
_SHOWN_MISTAKES = 20


@dataclass(frozen=True, slots=True)
class Correction:
    """One filled-in row.

    labels
        Sorted; None: the picture is to be left out.
    given, sha256
        What the labels and the content were when a person looked; None: not said.
    line
        Of the table, for messages.
    """

    path: str
    labels: tuple[str, ...] | None
    given: tuple[str, ...] | None = None
    sha256: str | None = None
    line: int = 0


def read_corrections(file: Path) -> tuple[Correction, ...]:
    """Read a table of corrections; rows with nothing in `label` are passed over.

    Raises:
        InputError: the file cannot be read.
        DatasetError: lists all mistakes together, each with its line.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as err:
        raise InputError(f"'{file}' cannot be read: {err.strerror or err}.") from err
    except UnicodeDecodeError as err:
        raise DatasetError(f"'{file}' is not UTF-8. Save the table as UTF-8.") from err
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    mistakes: list[str] = []
    try:
        missing = {"file_name", "label"} - set(rows.fieldnames or ())
        if missing:
            raise _wrong(file.name, [f"line 1: no column {' and '.join(sorted(missing))}. Add it."])
        found = tuple(_read_rows(rows, mistakes))
    except csv.Error as err:
        raise _wrong(file.name, [f"line {rows.line_num}: no proper CSV: {err}."]) from err
    if mistakes:
        raise _wrong(file.name, mistakes)
    return found


def apply_corrections(
    dataset: Dataset, corrections: Sequence[Correction], *, new_labels: bool = False
) -> Dataset:
    """The set with the labels of the corrections; pictures to be left out get the split `excluded`.

    new_labels
        Whether a correction may name a class that the set does not have yet; it then joins the labels.

    Raises:
        DatasetError: lists all mistakes together: files that are not in the set, whose content is another or
            whose labels are others than when a person looked, and unknown labels.
    """
    row_of = {sample.path: (row, sample) for row, sample in enumerate(dataset.samples)}
    known = None if new_labels else frozenset(dataset.labels)
    mistakes: list[str] = []
    for one in corrections:
        sample = row_of[one.path][1] if one.path in row_of else None
        mistakes.extend(f"line {one.line}: {text}" for text in _mistakes_of(one, sample, known))
    if mistakes:
        raise _wrong("corrections", mistakes)
    labels, splits = (dataset.table[name].to_pylist() for name in ("labels", "split"))
    for one in corrections:
        row = row_of[one.path][0]
        if one.labels is None:
            splits[row] = "excluded"
        else:
            labels[row] = list(one.labels)
    classes = {*dataset.labels, *(name for one in corrections for name in one.labels or ())}
    corrected = dataset.with_columns({"labels": labels, "split": splits})
    return replace(
        corrected, labels=tuple(sorted(classes)), notes=(*dataset.notes, *_notes(corrections, row_of))
    )


def _read_rows(rows: "csv.DictReader[str]", mistakes: list[str]) -> Iterator[Correction]:
    line_of: dict[str, int] = {}
    for row in rows:
        line = rows.line_num
        if None in row or None in row.values():
            mistakes.append(f"line {line}: not as many cells as columns. Quote cells with commas.")
            continue
        path, label = row["file_name"].strip(), row["label"].strip()
        if not label:
            continue
        names = tuple(sorted({name.strip() for name in label.split("|")}))
        if not all(names) or (EXCLUDE in names and len(names) > 1):
            mistakes.append(f"line {line}: label '{label}' has an empty part, or {EXCLUDE} beside a label.")
        earlier = line_of.setdefault(path, line)
        if earlier != line:
            mistakes.append(f"line {line}: '{path}' is corrected in line {earlier} already. Keep one row.")
        given = row.get("given", "").strip()
        yield Correction(
            path,
            None if names == (EXCLUDE,) else names,
            tuple(sorted(name.strip() for name in given.split("|"))) if given else None,
            row.get("sha256", "").strip() or None,
            line,
        )


def _mistakes_of(one: Correction, sample: Sample | None, known: frozenset[str] | None) -> Iterator[str]:
    if sample is None:
        yield f"'{one.path}' is not in the data set. Correct the name, or remove the row."
        return
    if one.sha256 is not None and one.sha256 != sample.sha256:
        yield f"'{one.path}' is another picture than when it was looked at. Look again, or clear sha256."
    if one.given is not None and sample.labels not in (one.given, one.labels):
        yield (
            f"'{one.path}' was labelled {'|'.join(one.given)} when it was looked at and is "
            f"{'|'.join(sample.labels)} now. Look again, or clear given."
        )
    unknown = [] if known is None else [name for name in one.labels or () if name not in known]
    if unknown:
        yield f"'{one.path}' is to be {'|'.join(unknown)}, which is no class of the set. Correct the name."


def _notes(corrections: Sequence[Correction], row_of: dict[str, tuple[int, Sample]]) -> tuple[str, ...]:
    excluded = sum(one.labels is None for one in corrections)
    changed = sum(one.labels is not None and one.labels != row_of[one.path][1].labels for one in corrections)
    if not (excluded or changed):
        return ()
    return (f"Corrections: {changed} labels were changed and {excluded} pictures left out.",)


def _wrong(name: str, mistakes: list[str]) -> DatasetError:
    shown = [f"  {name}, {mistake}" for mistake in mistakes[:_SHOWN_MISTAKES]]
    if len(mistakes) > _SHOWN_MISTAKES:
        shown.append(f"  and {len(mistakes) - _SHOWN_MISTAKES} more")
    return DatasetError("\n".join(["The table of corrections has mistakes:", *shown]))
