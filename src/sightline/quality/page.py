"""The report of a check as one HTML page."""

from sightline.dataset.sources.store import Store
from sightline.pages import draw_thumbnails
from sightline.parallel import Progress
from sightline.quality.balance import GUIDES
from sightline.quality.gallery import gallery_of
from sightline.quality.kinds import TITLES
from sightline.quality.rendering import render_quality
from sightline.quality.report import CheckReport
from sightline.quality.verdict import verdict
from sightline.records import ImageLimits

_CLASSES_AT_ONCE = 40


def render_page(
    report: CheckReport, store: Store, *, limits: ImageLimits | None = None, progress: Progress | None = None
) -> str:
    """The page as text, to be written as UTF-8; at most about 5 MB.

    Thumbnails are made of what is shown only; a picture that has vanished meanwhile leaves an empty frame.
    `progress` counts them.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    galleries = {issue.kind: gallery_of(issue) for issue in report.issues}
    strips = [strip for gallery in galleries.values() for strip in gallery.strips]
    paths = sorted({one.path for strip in strips for one in strip.pictures})
    largest = max((one.images for one in report.classes), default=0)
    return render_quality(
        "check.html.j2",
        report=report,
        verdict=verdict(report),
        titles=TITLES,
        galleries=galleries,
        thumbnails=draw_thumbnails(paths, store, limits or ImageLimits(), progress),
        classes=sorted(report.classes, key=lambda one: -one.images),
        at_once=_CLASSES_AT_ONCE,
        largest=max(1, largest),
        guides=GUIDES,
    )
