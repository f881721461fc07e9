"""What must hold of a table before it is trusted, as it may come from anywhere."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sightline.dataset.sample import SPLITS
from sightline.dataset.table import EXTRA_PREFIX, MEASURES_SCHEMA, SCHEMA

_NULLABLE = frozenset({"group", "split", "fold", "cluster"})
_UNSAFE_PATHS = {
    "is empty": "^$",
    "is absolute": "^(/|[A-Za-z]:)",
    "leads upwards": r"(^|/)\.\.(/|$)",
    "has a backslash": r"\\",
    "has a NUL": r"\x00",
}


def table_mistakes(table: pa.Table, labels: tuple[str, ...]) -> list[str]:
    """What is wrong, a sentence each with the first value and the remedy; empty if nothing is."""
    mistakes = list(_wrong_columns(table.schema))
    if mistakes:
        return mistakes
    try:
        table.validate(full=True)
    except pa.ArrowException as err:
        return [f"A column holds what its type does not allow: {err}. Write the table anew."]
    mistakes += _holes(table)
    if mistakes:
        return mistakes
    return [*_wrong_labels(table, labels), *_wrong_splits(table), *_unsafe_paths(table), *_disorder(table)]


def _wrong_columns(schema: pa.Schema) -> Iterator[str]:
    for name in schema.names:
        if schema.get_all_field_indices(name) != [schema.get_field_index(name)]:
            yield f"The column '{name}' stands there twice. Keep one."
            return
    for field in SCHEMA:
        if field.name not in schema.names:
            yield f"The column '{field.name}' is missing. Write the table anew."
    expected = {field.name: field.type for field in (*SCHEMA, *MEASURES_SCHEMA)}
    for field in schema:
        kind = pa.string() if field.name.startswith(EXTRA_PREFIX) else expected.get(field.name)
        if kind is None:
            yield f"The column '{field.name}' is unknown. Name columns of your own '{EXTRA_PREFIX}{field.name}'."
        elif not _same_type(field.type, kind):
            yield f"The column '{field.name}' is of type {field.type}; it must be {kind}. Convert it."
    measured = [field.name for field in MEASURES_SCHEMA if field.name in schema.names]
    if measured and len(measured) < len(MEASURES_SCHEMA):
        yield f"Of the measured columns there are only {', '.join(measured)}. Keep all of them, or none."


def _same_type(found: pa.DataType, kind: pa.DataType) -> bool:
    if pa.types.is_list(kind):
        return pa.types.is_list(found) and bool(found.value_type == kind.value_type)
    return bool(found == kind)


def _holes(table: pa.Table) -> Iterator[str]:
    for name in SCHEMA.names:
        if name not in _NULLABLE and table[name].null_count:
            yield f"The column '{name}' has empty cells, {table[name].null_count} in all. Fill them."
    if pc.list_flatten(table["labels"]).null_count:
        yield "The column 'labels' has empty names. Name the class."


def _wrong_labels(table: pa.Table, labels: tuple[str, ...]) -> Iterator[str]:
    if list(labels) != sorted(set(labels)):
        yield "The list of labels is not sorted, or names one twice. Write the table anew."
    known = pc.is_in(pc.list_flatten(table["labels"]), value_set=pa.array(labels, pa.string()))
    where = pc.index(known, False).as_py()
    if where >= 0:
        label = pc.list_flatten(table["labels"])[where]
        path = table["path"][pc.list_parent_indices(table["labels"])[where].as_py()]
        yield f"'{path}' has the label '{label}', which is not in the list of labels. Add it there."


def _wrong_splits(table: pa.Table) -> Iterator[str]:
    allowed = pc.is_in(table["split"], value_set=pa.array([*SPLITS, None], pa.string()))
    where = pc.index(allowed, False).as_py()
    if where >= 0:
        yield (
            f"'{table['path'][where]}' has the split '{table['split'][where]}', which is none of "
            f"{', '.join(SPLITS)}. Correct it."
        )
    if pc.any(pc.less(table["fold"], 0), min_count=0).as_py():
        yield "A fold is below 0. Number folds from 0."


def _unsafe_paths(table: pa.Table) -> Iterator[str]:
    for what, pattern in _UNSAFE_PATHS.items():
        where = pc.index(pc.match_substring_regex(table["path"], pattern), True).as_py()
        if where >= 0:
            yield (
                f"The path {table['path'][where].as_py()!r} {what}. Write paths relative to the folder of the files, "
                "with / between folders."
            )


def _disorder(table: pa.Table) -> Iterator[str]:
    paths = table["path"].combine_chunks()
    before, after = paths[:-1], paths[1:]
    twice = pc.index(pc.equal(before, after), True).as_py()
    if twice >= 0:
        yield f"The path '{after[twice]}' stands there twice. Keep one row."
    falling = pc.index(pc.greater(before, after), True).as_py()
    if falling >= 0:
        yield f"The rows are not sorted by path: '{after[falling]}' comes after '{before[falling]}'. Sort them."
