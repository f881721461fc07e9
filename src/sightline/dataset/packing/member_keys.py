"""What a sample is called within a shard: its path, as far as the base name may have no dot but the last."""

from collections.abc import Sequence

from sightline.dataset.sources.layout import is_passed_over
from sightline.dataset.sources.member_names import is_picture_name


def member_keys(paths: Sequence[str]) -> list[str]:
    """A key for each path, no two alike: `cat/a.b.jpg` to `cat/a_b`, of members of shards without the shard.

    Paths that would get the same key are numbered in their order: `cat/1`, `cat/1-2`.
    """
    taken: set[str] = set()
    keys = []
    for path in paths:
        wanted = _key(path)
        key, number = wanted, 1
        while key in taken:
            number += 1
            key = f"{wanted}-{number}"
        taken.add(key)
        keys.append(key)
    return keys


def _key(path: str) -> str:
    *folders, base = path.split("/")
    within = [place for place, folder in enumerate(folders, start=1) if folder.lower().endswith(".tar")]
    stem = base.rpartition(".")[0] if is_picture_name(base) else base
    parts = [*folders[within[-1] if within else 0 :], stem.replace(".", "_")]
    return "/".join(_seen(part) for part in parts)


def _seen(part: str) -> str:
    """The part, changed if readers would pass it over."""
    return f"_{part.lstrip('.')}" if not part or is_passed_over(part) else part
