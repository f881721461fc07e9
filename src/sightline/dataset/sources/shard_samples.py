"""The members of a shard to samples: what belongs together, and what the labels say."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.cells import CellMistake, label_cell, labels_in
from sightline.dataset.sources.listing import SPLIT_OF_NAME, Listed
from sightline.dataset.sources.member_names import PICTURE_SUFFIXES, is_picture_name, key_and_kind
from sightline.dataset.sources.rows import RowReader
from sightline.dataset.sources.tar_scan import LONGEST_TEXT, Member

_NOT_KEPT = frozenset({"label", "labels", "file_name"})
Kinds = dict[str, Member]


class SampleReader:
    """Makes samples of the members of one shard.

    names
        The classes that numbers stand for, from 0; None: nobody says.
    uses_names
        Whether there was a number to look up.
    """

    def __init__(self, rows: RowReader, names: Sequence[str] | None) -> None:
        self._rows = rows
        self._names = names
        self.uses_names = False

    def read(self, shard: str, members: Iterable[Member]) -> Iterator[Listed | Quarantined]:
        """Samples by their paths below the folder of the shards, and what is no sample."""
        samples: dict[str, Kinds] = {}
        for member in members:
            key, kind = key_and_kind(member.name)
            if samples.setdefault(key, {}).setdefault(kind, member) is not member:
                message = "The shard has two members of this name, and the first counts. Keep one of them."
                yield Quarantined(f"{shard}/{member.name}", "ambiguous", message)
        for kinds in samples.values():
            yield from self._sample(shard, kinds)

    def _sample(self, shard: str, kinds: Kinds) -> Iterator[Listed | Quarantined]:
        pictures = _pictures(kinds)
        if not pictures:
            first = next(iter(kinds.values())).name
            message = f"The sample has no picture, only .{', .'.join(kinds)}. Add one, or take it away."
            yield Quarantined(f"{shard}/{first}", "no_picture", message)
        elif len(pictures) > 1 and ("json" in kinds or "cls" in kinds):
            message = f"Its sample has {len(pictures)} pictures and one label. Give each a key of its own."
            yield from (Quarantined(f"{shard}/{one.name}", "ambiguous", message) for one in pictures)
        else:
            yield from (self._listed(f"{shard}/{one.name}", one.name, kinds) for one in pictures)

    def _listed(self, path: str, name: str, kinds: Kinds) -> Listed | Quarantined:
        try:
            row = _json_cells(kinds["json"]) if "json" in kinds else {}
            cell = label_cell(row)
            if cell == "" and "cls" in kinds:
                cell = self._number_or_name(_text(kinds["cls"]).strip())
            if cell == "" and "cls" not in kinds:
                split, cell = _folder_of(name)
                row = {"split": split, **row} if split else row
            if cell == "":
                message = "It has no label. Add a member .cls or .json of its key, or a folder named after its class."
                return Quarantined(path, "no_label", message)
            kept = {column: value for column, value in row.items() if column not in _NOT_KEPT}
            return self._rows.listed({**kept, "file_name": path, "label": self._named(cell)})
        except CellMistake as err:
            return Quarantined(path, "bad_label", str(err))

    def _number_or_name(self, text: str) -> object:
        digits = text.removeprefix("-")
        is_number = self._names is not None and digits.isascii() and digits.isdecimal() and len(digits) < 10
        return int(text) if is_number else text

    def _named(self, cell: object) -> list[str]:
        """Class names of a label, or of several: numbers are looked up where there is a list of classes."""
        cells = cell if isinstance(cell, list) else [cell]
        if not any(type(one) is int for one in cells):
            return list(labels_in(cell))
        return list(labels_in([self._name_of(one) if type(one) is int else one for one in cells]))

    def _name_of(self, number: int) -> str:
        if self._names is None:
            return str(number)
        if not 0 <= number < len(self._names):
            raise CellMistake(
                f"label {number} is none of the {len(self._names)} classes, which count from 0."
            )
        self.uses_names = True
        return self._names[number]


def _pictures(kinds: Kinds) -> list[Member]:
    """Those of plain kind (`jpg`), or else of any (`left.jpg`): a mask `seg.png` beside a picture is none."""
    plain = [member for kind, member in kinds.items() if kind in PICTURE_SUFFIXES]
    return plain or [member for member in kinds.values() if is_picture_name(member.name)]


def _folder_of(name: str) -> tuple[str, str]:
    """Split and class as of folders, `train/cat/day 1/7.jpg`; empty for what is not there."""
    folders = name.split("/")[:-1]
    if len(folders) > 1 and folders[0].casefold() in SPLIT_OF_NAME:
        return folders[0], folders[1]
    return "", folders[0] if folders else ""


def _json_cells(member: Member) -> dict[str, object]:
    try:
        row = json.loads(_text(member), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise CellMistake(f"Its .json is no proper JSON: {err}.") from err
    if not isinstance(row, dict):
        raise CellMistake('Its .json is no object. Write {"label": …}.')
    return {name: cell for name, cell in row.items() if name and cell is not None and cell != ""}


def _text(member: Member) -> str:
    kind = key_and_kind(member.name)[1]
    if member.text is None:
        raise CellMistake(f"Its .{kind} is larger than {LONGEST_TEXT:,} bytes.")
    try:
        return member.text.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise CellMistake(f"Its .{kind} is not UTF-8. Write the label as text.") from err


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no value of JSON")
