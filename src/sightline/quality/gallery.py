"""Which pictures a page shows, side by side where they belong together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sightline.quality.found import Finding
from sightline.quality.report import Issue

_MOST_STRIPS = 12
_MOST_IN_STRIP = 6
_MOST_SINGLES = 36


@dataclass(frozen=True)
class Shown:
    """One picture, and what is said below it."""

    path: str
    labels: tuple[str, ...]
    split: str | None
    note: str


@dataclass(frozen=True)
class Strip:
    """Pictures side by side; `more` of them are not shown."""

    pictures: tuple[Shown, ...]
    more: int = 0


@dataclass(frozen=True)
class Gallery:
    """The pictures of an issue; not `whole` if it has more than are shown."""

    strips: tuple[Strip, ...] = ()
    whole: bool = True


def gallery_of(issue: Issue) -> Gallery:
    """What is shown of an issue: families and pairs as strips, single pictures as strips of one."""
    pictured = [finding for finding in issue.findings if finding.path and issue.kind != "corrupt"]
    if any(finding.related for finding in pictured):
        strips, most = [_strip(family) for family in _families(pictured)], _MOST_STRIPS
    else:
        strips, most = [Strip((_shown(finding),)) for finding in pictured], _MOST_SINGLES
    whole = issue.count == len(issue.findings) and len(strips) <= most
    return Gallery(tuple(strips[:most]), whole)


def _families(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    together: dict[int, list[Finding]] = {}
    for place, finding in enumerate(findings):
        key = finding.family if finding.family is not None else -1 - place
        together.setdefault(key, []).append(finding)
    yield from together.values()


def _strip(family: Sequence[Finding]) -> Strip:
    """The pictures of a family, each once: one that others relate to stands before them."""
    shown: dict[str, Shown] = {}
    said = {finding.path: finding for finding in family}
    for finding in family:
        if finding.related is not None and finding.related not in said:
            shown.setdefault(
                finding.related,
                Shown(finding.related, finding.related_labels, finding.related_split, ""),
            )
        shown[finding.path] = _shown(finding)
    pictures = tuple(shown.values())
    return Strip(pictures[:_MOST_IN_STRIP], max(0, len(pictures) - _MOST_IN_STRIP))


def _shown(finding: Finding) -> Shown:
    return Shown(finding.path, finding.labels, finding.split, finding.detail)
