"""Curves of the report as plain data; a template draws them as SVG."""

from sightline.report.charts.plane import Chart, Look
from sightline.report.charts.precision_recall import draw_precision_recall
from sightline.report.charts.reliability import draw_reliability
from sightline.report.charts.risk_coverage import RiskCoverage, draw_risk_coverage, read_risk_coverage
from sightline.report.charts.speed_accuracy import Mark, draw_speed_accuracy

__all__ = [
    "Chart",
    "Look",
    "Mark",
    "RiskCoverage",
    "draw_precision_recall",
    "draw_reliability",
    "draw_risk_coverage",
    "draw_speed_accuracy",
    "read_risk_coverage",
]
