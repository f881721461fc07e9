"""Which tars make a set: those of a folder, one alone, or those that a pattern such as `{000..099}` names."""

import re
from collections.abc import Callable, Sequence
from itertools import product
from math import prod

from sightline.dataset.sample import Split
from sightline.dataset.sources.layout import is_passed_over
from sightline.dataset.sources.listing import SPLIT_OF_NAME
from sightline.dataset.sources.tables import suffix_of
from sightline.dataset.sources.tar_scan import UNPACK
from sightline.errors import DatasetError, InputError

SHARD_SUFFIX = ".tar"
Names = tuple[Sequence[str], Sequence[str]]
"""Of the folders and of the files that lie directly in a folder."""

_COMPRESSED = re.compile(r"\.(?:tar\.(?:gz|bz2|xz|zst|zstd|lz4)|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)", re.ASCII)
_MOST_SHARDS = 100_000
_SPLIT_OF_WORD: dict[str, Split] = {**SPLIT_OF_NAME, "excluded": "excluded"}


def is_shard(name: str) -> bool:
    """Whether a file is a shard by its name.

    Raises:
        InputError: it is a compressed one.
    """
    if _COMPRESSED.search(name):
        raise InputError(f"'{name}' cannot be a shard. {UNPACK}")
    return suffix_of(name) == SHARD_SUFFIX


def shards_in(top: Names, enter: Callable[[str], Names]) -> list[str]:
    """The shards of a folder, or of its split folders; none if it has other folders, which are classes then.

    Raises:
        InputError: there are compressed ones.
    """
    folders = [name for name in top[0] if not is_passed_over(name)]
    if not folders:
        return _shards(top[1])
    if any(name.casefold() not in SPLIT_OF_NAME for name in folders):
        return []
    inside = {folder: enter(folder) for folder in sorted(folders)}
    if any(not is_passed_over(name) for names, _ in inside.values() for name in names):
        return []
    return [f"{folder}/{name}" for folder, (_, files) in inside.items() for name in _shards(files)]


def is_pattern(location: str) -> bool:
    """Whether a location names several shards."""
    return _BRACES.search(location) is not None


def split_pattern(location: str) -> tuple[str, list[str]]:
    """The folder before the first brace, possibly empty, and the names below it.

    Raises:
        InputError: what stands between braces is no range and no list, there are too many, or one is no tar.
    """
    folder, slash, _ = location[: location.index("{")].rpartition("/")
    names = _expanded(location[len(folder + slash) :])
    wrong = next((name for name in names if not is_shard(name)), None)
    if wrong is not None:
        raise InputError(f"'{location}' names '{wrong}', which is no tar. Name shards that end in .tar.")
    return folder or slash, names


def splits_of(shards: Sequence[str]) -> dict[str, Split | None]:
    """The split of each shard, by its folder or a word of its name: `train/000.tar`, `tiles-val-000.tar`.

    Raises:
        DatasetError: a shard has two such words, or only some have one.
    """
    found = {shard: _split_of(shard) for shard in shards}
    without = [shard for shard, split in found.items() if split is None]
    if without and len(without) < len(shards):
        named = next(shard for shard, split in found.items() if split is not None)
        raise DatasetError(
            f"Some shards name a split, as '{named}' does, and some none, as '{without[0]}'. Name it in "
            "all, or in none."
        )
    return found


def _shards(files: Sequence[str]) -> list[str]:
    return sorted(name for name in files if not is_passed_over(name) and is_shard(name))


def _split_of(shard: str) -> Split | None:
    words = re.findall(r"[a-z]+", shard.casefold().removesuffix(SHARD_SUFFIX))
    splits = {_SPLIT_OF_WORD[word] for word in words if word in _SPLIT_OF_WORD}
    if len(splits) > 1:
        raise DatasetError(f"The name of '{shard}' has two splits: {', '.join(sorted(splits))}. Rename it.")
    return splits.pop() if splits else None


def _expanded(pattern: str) -> list[str]:
    parts = _BRACES.split(pattern)
    choices = [_choices(part, pattern) if index % 2 else [part] for index, part in enumerate(parts)]
    if prod(map(len, choices)) > _MOST_SHARDS:
        raise InputError(f"'{pattern}' names more than {_MOST_SHARDS:,} shards. Correct the pattern.")
    return list(dict.fromkeys("".join(chosen) for chosen in product(*choices)))


def _choices(inner: str, pattern: str) -> Sequence[str]:
    found = _RANGE.fullmatch(inner)
    if found is None:
        if "," in inner:
            return inner.split(",")
        raise InputError(f"'{{{inner}}}' of '{pattern}' is no range. Write {{000..099}}, or {{a,b}}.")
    first, last = int(found[1]), int(found[2])
    if not first <= last < first + _MOST_SHARDS:
        raise InputError(f"'{{{inner}}}' of '{pattern}' is no range of shards. Write {{000..099}}.")
    width = len(found[1]) if found[1].startswith("0") or len(found[1]) == len(found[2]) else 0
    return [f"{number:0{width}d}" for number in range(first, last + 1)]
