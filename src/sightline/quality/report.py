"""The check of a data set as one record: what there is, what is wrong with it, and what to do."""

import time
from collections.abc import Sequence
from typing import Literal

import numpy as np

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.quality.balance import ClassCount, count_classes, count_splits
from sightline.quality.cooccurrence import Cooccurrence, count_cooccurrence
from sightline.quality.found import Finding, Found
from sightline.quality.histograms import Histogram, draw_histograms
from sightline.quality.identity import identify
from sightline.quality.issues import find_issues
from sightline.quality.kinds import Kind, Severity, check_fail_on
from sightline.records import Frozen

MOST_FINDINGS = 100
"""Findings of one kind in a report; the rest is in the list."""


class Issue(Frozen):
    """One kind of issue.

    count
        Pictures, pairs, files or classes that have it, listed or not.
    findings
        The worst, 100 at most.
    """

    kind: Kind
    severity: Severity
    count: int
    summary: str
    advice: str
    findings: tuple[Finding, ...]


class Clusters(Frozen):
    """Near duplicates, as clusters: how many there are, pictures in them, and in the largest."""

    clusters: int
    pictures: int
    largest: int


class CheckReport(Frozen):
    """What `check_dataset` says.

    created_at
        ISO 8601, as given by the caller.
    files, usable, set_aside
        `files` is the sum of the two others.
    units
        Independent ones in the whole set: a group, a cluster or a repeated picture counts once.
    splits
        Pictures in each; `none` for those without.
    clusters
        None: near duplicates were not looked for.
    notes
        Those of the data set.
    seconds
        That reading, searching and checking took together.
    """

    schema_version: Literal[1] = 1
    location: str
    dataset_digest: str
    created_at: str
    seconds: float
    files: int
    usable: int
    set_aside: int
    units: int
    classes: tuple[ClassCount, ...]
    splits: dict[str, int]
    clusters: Clusters | None
    issues: tuple[Issue, ...]
    cooccurrence: Cooccurrence | None
    histograms: tuple[Histogram, ...]
    notes: tuple[str, ...] = ()


def check_dataset(
    dataset: Dataset,
    near: NearDuplicates | None,
    *,
    at: str,
    seconds: float = 0.0,
    found: Sequence[Found] | None = None,
) -> CheckReport:
    """Check a data set that was measured when it was read; `near` is None where nobody looked for twins.

    `at` is the time to be written down, ISO 8601; `seconds` what reading and searching took, to which those of
    the check are added. `found` is what `find_issues` gave, if the caller has it for the list already.
    """
    started = time.perf_counter()
    same = identify(dataset, near)
    classes = count_classes(dataset, same)
    if found is None:
        found = find_issues(dataset, near, same=same, classes=classes)
    return CheckReport(
        location=dataset.store.location,
        dataset_digest=dataset.digest(),
        created_at=at,
        files=len(dataset) + len(dataset.quarantine),
        usable=len(dataset),
        set_aside=len(dataset.quarantine),
        units=len(np.unique(same.unit)),
        classes=classes,
        splits=count_splits(dataset),
        clusters=None if near is None else _clusters(near),
        issues=tuple(_issue(one) for one in found),
        cooccurrence=count_cooccurrence(dataset),
        histograms=draw_histograms(dataset),
        notes=dataset.notes,
        seconds=seconds + time.perf_counter() - started,
    )


def failing(report: CheckReport, fail_on: Sequence[str]) -> list[Issue]:
    """The issues that a check is to fail on, by kind; `error` is every error, `any` every error and warning.

    Raises:
        InputError: a name that is none of these.
    """
    names = set(check_fail_on(fail_on))
    return [issue for issue in report.issues if names & _names_of(issue)]


def _names_of(issue: Issue) -> set[str]:
    severities = {"error": {"error", "any"}, "warning": {"any"}, "info": set[str]()}
    return {issue.kind, *severities[issue.severity]}


def _issue(found: Found) -> Issue:
    return Issue(
        kind=found.kind,
        severity=found.severity,
        count=len(found.findings) + found.unlisted,
        summary=found.summary,
        advice=found.advice,
        findings=tuple(found.findings[:MOST_FINDINGS]),
    )


def _clusters(near: NearDuplicates) -> Clusters:
    sizes = np.bincount(near.clusters[near.clusters >= 0])
    sizes = sizes[sizes > 0]
    return Clusters(clusters=len(sizes), pictures=int(sizes.sum()), largest=int(sizes.max(initial=0)))
