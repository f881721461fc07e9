"""Which pictures show the same thing, read from their paths or from a column of their table.

Pictures of one part, patient or video in both training and test make every figure too good. The group is what
a split must not part.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from sightline.dataset.sources.listing import Listed
from sightline.errors import DatasetError, InputError

_SHOWN_PATHS = 5
_OWN_COLUMN = "column:group"


def assign_groups(
    files: Sequence[Listed], group_by: str | None, group_gap: int | None = None
) -> tuple[Listed, ...]:
    """Fill in the group of each file that has none yet.

    group_by
        `column:NAME`: the cell of a further column of the table; `column:group` is the table's own.
        `folder:N`: the name of the N-th folder of the relative path, from 1; -1 is the folder that the file
        lies in. Else a regular expression that is searched in the path: the text of its group named `group`,
        or else of its first, is the id. Where there is none the picture stands alone.
    group_gap
        With it that text is a whole number, a frame counter or a time stamp. Sorted over all files, numbers
        at most this far from their neighbour form one chain, and a chain is a group, named `first-last`.

    Raises:
        InputError: the expression or the gap cannot be used.
        DatasetError: it gives no group for any file at all, or with a gap some text is no whole number.
    """
    if group_by is None:
        if group_gap is not None:
            raise InputError("group_gap needs group_by: the expression that finds the number in the path.")
        return tuple(files)
    captured = _capture(files, group_by)
    group_of = captured if group_gap is None else _chains(captured, group_gap)
    if group_gap is not None and group_by == _OWN_COLUMN:
        return tuple(replace(file, group=group_of.get(file.path)) for file in files)
    return tuple(
        file if file.group is not None else replace(file, group=group_of.get(file.path)) for file in files
    )


def _capture(files: Sequence[Listed], group_by: str) -> dict[str, str]:
    kind, _, wanted = group_by.partition(":")
    if kind == "column":
        return _cells(files, wanted)
    if kind == "folder":
        return _folders(files, wanted)
    return _matches(files, group_by)


def _cells(files: Sequence[Listed], column: str) -> dict[str, str]:
    if column == "group":
        captured = {file.path: file.group for file in files if file.group is not None}
    else:
        captured = {file.path: file.extra[column] for file in files if column in file.extra}
    if files and not captured:
        names = {"group"} if any(file.group is not None for file in files) else set()
        names = names.union(*{tuple(file.extra) for file in files})
        there = (
            f"The columns are: {', '.join(sorted(names))}." if names else "The files come with no columns."
        )
        raise DatasetError(f"group_by 'column:{column}' finds no cell that is filled. {there}")
    return captured


def _folders(files: Sequence[Listed], wanted: str) -> dict[str, str]:
    if not re.fullmatch(r"-?[1-9]\d{0,3}", wanted, re.ASCII):
        raise InputError(
            f"group_by 'folder:{wanted}' names no level. Write folder:1 for the first folder of the path, "
            "folder:-1 for the one that the file lies in."
        )
    level = int(wanted)
    captured = {}
    for file in files:
        folders = file.path.split("/")[:-1]
        if len(folders) >= abs(level):
            captured[file.path] = folders[level - 1 if level > 0 else level]
    if files and not captured:
        deepest = max(files, key=lambda file: file.path.count("/")).path
        raise DatasetError(
            f"group_by 'folder:{wanted}': no path has so many folders. The deepest is '{deepest}', with "
            f"{deepest.count('/')}."
        )
    return captured


def _matches(files: Sequence[Listed], group_by: str) -> dict[str, str]:
    pattern = _compile(group_by)
    which: str | int = "group" if "group" in pattern.groupindex else 1
    captured = {}
    for file in files:
        match = pattern.search(file.path)
        text = match[which] if match else None
        if text is not None:
            captured[file.path] = text
    if files and not captured:
        raise DatasetError(
            f"group_by '{group_by}' matches none of the {len(files)} paths, the first of which is "
            f"'{files[0].path}'. Correct the expression."
        )
    return captured


def _compile(group_by: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(group_by)
    except re.error as err:
        raise InputError(f"group_by '{group_by}' is no regular expression: {err}.") from err
    if pattern.groups == 0:
        raise InputError(
            f"group_by '{group_by}' has no group. Put what names the group in parentheses, or write "
            "column:NAME or folder:N."
        )
    return pattern


def _chains(captured: dict[str, str], gap: int) -> dict[str, str]:
    if gap < 0:
        raise InputError(f"group_gap is {gap}; it must be 0 or more.")
    name_of = _chain_names(sorted({number for _, number in _numbers(captured)}), gap)
    return {path: name_of[number] for path, number in _numbers(captured)}


def _numbers(captured: dict[str, str]) -> list[tuple[str, int]]:
    wrong = [f"'{text}' in '{path}'" for path, text in captured.items() if not text.isdecimal()]
    if wrong:
        raise DatasetError(
            "With group_gap the text that group_by finds must be a whole number; it is none in "
            f"{len(wrong)} paths: {', '.join(wrong[:_SHOWN_PATHS])}. Capture digits, as in frame_(\\d+)."
        )
    return [(path, int(text)) for path, text in captured.items()]


def _chain_names(numbers: list[int], gap: int) -> dict[int, str]:
    chains: list[list[int]] = []
    for number in numbers:
        if chains and number - chains[-1][-1] <= gap:
            chains[-1].append(number)
        else:
            chains.append([number])
    return {number: f"{chain[0]}-{chain[-1]}" for chain in chains for number in chain}
