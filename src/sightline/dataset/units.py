"""What a split must keep together: samples tied by a group, or by being the same file."""

from collections.abc import Iterator, Sequence

from sightline.dataset.sample import Sample


def tied_units(samples: Sequence[Sample]) -> tuple[tuple[int, ...], ...]:
    """Partition sample indices so that no group and no file content occurs in two parts.

    Ties reach through one another: a copy of a picture of group A within group B makes both one unit. Indices
    ascend within a unit, and units by their first.
    """
    parent = list(range(len(samples)))
    first_with: dict[tuple[str, str], int] = {}
    for index, sample in enumerate(samples):
        for tie in _ties(sample):
            one = _root_of(first_with.setdefault(tie, index), parent)
            other = _root_of(index, parent)
            parent[max(one, other)] = min(one, other)
    members: dict[int, list[int]] = {}
    for index in range(len(samples)):
        members.setdefault(_root_of(index, parent), []).append(index)
    return tuple(tuple(unit) for unit in members.values())


def _ties(sample: Sample) -> Iterator[tuple[str, str]]:
    yield ("content", sample.sha256)
    if sample.group is not None:
        yield ("group", sample.group)


def _root_of(index: int, parent: list[int]) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index
