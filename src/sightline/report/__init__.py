"""The evaluation report: one page for those who were not there."""

from sightline.report.galleries import Card, Galleries, Gallery, choose_galleries
from sightline.report.material import Compared, Explained, Material, Origin
from sightline.report.page import render_report
from sightline.report.subject import Subject
from sightline.report.verdict import Evidence, Verdict, verdict

__all__ = [
    "Card",
    "Compared",
    "Evidence",
    "Explained",
    "Galleries",
    "Gallery",
    "Material",
    "Origin",
    "Subject",
    "Verdict",
    "choose_galleries",
    "render_report",
    "verdict",
]
