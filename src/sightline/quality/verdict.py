"""The whole report in a sentence or two, as a colleague would put it."""

from typing import NamedTuple

from sightline.pages import counted, listed
from sightline.quality.kinds import TITLES, Severity
from sightline.quality.report import CheckReport


class Verdict(NamedTuple):
    """The worst severity, or None; a headline of a few words; and what is behind it."""

    severity: Severity | None
    headline: str
    sentence: str


def verdict(report: CheckReport) -> Verdict:
    """Say whether a set can be trained on and measured with."""
    errors = [TITLES[issue.kind].lower() for issue in report.issues if issue.severity == "error"]
    warnings = [TITLES[issue.kind].lower() for issue in report.issues if issue.severity == "warning"]
    what = f"{counted(report.usable, 'usable picture')} of {counted(len(report.classes), 'class', 'classes')}"
    if errors:
        also = f", and {counted(len(warnings), 'other thing')} to look at" if warnings else ""
        return Verdict("error", "Repair this set before training.", f"{what}: {listed(errors)}{also}.")
    if warnings:
        return Verdict(
            "warning", "Usable; look at a few things first.", f"{what}. To look at: {listed(warnings)}."
        )
    return Verdict(None, "Nothing stands in the way.", f"{what}, and no issue found.")
