"""The reports of an evaluation and of an optimisation: one page for those who were not there."""

from sightline.report.galleries import Card, Galleries, Gallery, choose_galleries
from sightline.report.material import Compared, Explained, Material, Origin
from sightline.report.page import render_report
from sightline.report.subject import Subject
from sightline.report.variants import OptimizationPage, SmallerNetwork, VariantLine, render_optimization
from sightline.report.verdict import Evidence, Verdict, verdict

__all__ = [
    "Card",
    "Compared",
    "Evidence",
    "Explained",
    "Galleries",
    "Gallery",
    "Material",
    "OptimizationPage",
    "Origin",
    "SmallerNetwork",
    "Subject",
    "VariantLine",
    "Verdict",
    "choose_galleries",
    "render_optimization",
    "render_report",
    "verdict",
]
