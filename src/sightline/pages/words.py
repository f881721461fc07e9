"""Small parts of sentences."""

from collections.abc import Sequence


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 picture`, `1,200 pictures`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """All of them, with `and` before the last."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def names(items: Sequence[str], most: int = 3) -> str:
    """The first few, quoted, and how many more there are."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(f"'{item}'" for item in items[:most]) + more
