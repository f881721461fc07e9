"""What is wrong with a data set, or odd about it: found, counted, and reported."""

from sightline.quality.balance import ClassCount
from sightline.quality.found import Finding, Found
from sightline.quality.issues import find_issues
from sightline.quality.kinds import FAIL_ON, KINDS, TITLES, Kind, Severity, check_fail_on
from sightline.quality.listing import LIST_COLUMNS, list_findings
from sightline.quality.page import render_page
from sightline.quality.report import CheckReport, Issue, check_dataset, failing
from sightline.quality.verdict import Verdict, verdict

__all__ = [
    "FAIL_ON",
    "KINDS",
    "LIST_COLUMNS",
    "TITLES",
    "CheckReport",
    "ClassCount",
    "Finding",
    "Found",
    "Issue",
    "Kind",
    "Severity",
    "Verdict",
    "check_dataset",
    "check_fail_on",
    "failing",
    "find_issues",
    "list_findings",
    "render_page",
    "verdict",
]
