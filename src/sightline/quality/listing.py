"""All findings as rows of a table, for a spreadsheet or a script that cleans up."""

from collections.abc import Iterator, Sequence

from sightline.quality.found import Finding, Found

LIST_COLUMNS = (
    "kind",
    "path",
    "labels",
    "split",
    "related_path",
    "related_labels",
    "value",
    "cluster",
    "detail",
)


def list_findings(found: Sequence[Found]) -> Iterator[tuple[str, ...]]:
    """A row a finding in the order of `LIST_COLUMNS`, all of them, for `csv.writer`.

    Several labels are joined by `|`. Cells are text as it stands in the files' names: whoever opens the table in
    a spreadsheet imports the columns as text.
    """
    for one in found:
        for finding in one.findings:
            yield _row(one.kind, finding)


def _row(kind: str, finding: Finding) -> tuple[str, ...]:
    return (
        kind,
        finding.path,
        "|".join(finding.labels),
        finding.split or "",
        finding.related or "",
        "|".join(finding.related_labels),
        "" if finding.value is None else f"{finding.value:.6g}",
        "" if finding.family is None else str(finding.family),
        finding.detail,
    )
