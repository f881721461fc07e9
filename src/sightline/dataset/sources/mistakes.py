"""All mistakes of a table, told together."""

from sightline.errors import DatasetError

_SHOWN = 20


class Mistakes:
    """Collects sentences; keeps the first, and counts the rest, of which there may be a million."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._shown: list[str] = []
        self._count = 0

    def add(self, line: int | None, mistake: str) -> None:
        """Note one; `line` counts from 1, None is the whole table."""
        self._count += 1
        if self._count <= _SHOWN:
            self._shown.append(mistake if line is None else f"line {line}: {mistake}")

    def raise_if_any(self) -> None:
        """Tell them all.

        Raises:
            DatasetError: there is one or more.
        """
        if not self._count:
            return
        told = [f"  {self.name}, {mistake}" for mistake in self._shown]
        if self._count > _SHOWN:
            told.append(f"  and {self._count - _SHOWN} more")
        raise DatasetError("\n".join(["The table of the data set has mistakes:", *told]))
