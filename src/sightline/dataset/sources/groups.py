"""Which pictures show the same thing, read from their paths.

Pictures of one part, patient or video in both training and test make every figure too good. The group is what
a split must not part.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from sightline.dataset.sources.listing import Listed
from sightline.errors import DatasetError, InputError

_SHOWN_PATHS = 5


def assign_groups(
    files: Sequence[Listed], group_by: str | None, group_gap: int | None = None
) -> tuple[Listed, ...]:
    """Fill in the group of each file that has none yet, from its relative path.

    group_by
        A regular expression that is searched in the path. The text of its group named `group`, or else of its
        first, is the id. A path without a match keeps no group: the picture stands alone.
    group_gap
        With it that text is a whole number, a frame counter or a time stamp. Sorted over all files, numbers
        at most this far from their neighbour form one chain, and a chain is a group, named `first-last`.

    Raises:
        InputError: the expression or the gap cannot be used.
        DatasetError: the expression matches no path at all, or with a gap some text is no whole number.
    """
    if group_by is None:
        if group_gap is not None:
            raise InputError("group_gap needs group_by: the expression that finds the number in the path.")
        return tuple(files)
    captured = _capture(files, _compile(group_by))
    if files and not captured:
        raise DatasetError(
            f"group_by '{group_by}' matches none of the {len(files)} paths, the first of which is "
            f"'{files[0].path}'. Correct the expression."
        )
    group_of = captured if group_gap is None else _chains(captured, group_gap)
    return tuple(
        file if file.group is not None else replace(file, group=group_of.get(file.path)) for file in files
    )


def _compile(group_by: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(group_by)
    except re.error as err:
        raise InputError(f"group_by '{group_by}' is no regular expression: {err}.") from err
    if pattern.groups == 0:
        raise InputError(f"group_by '{group_by}' has no group. Put what names the group in parentheses.")
    return pattern


def _capture(files: Sequence[Listed], pattern: re.Pattern[str]) -> dict[str, str]:
    which: str | int = "group" if "group" in pattern.groupindex else 1
    captured = {}
    for file in files:
        match = pattern.search(file.path)
        text = match[which] if match else None
        if text is not None:
            captured[file.path] = text
    return captured


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
