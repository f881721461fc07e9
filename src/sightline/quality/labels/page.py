"""The suspects as one HTML page."""

from sightline.dataset import Dataset
from sightline.pages import counted, draw_thumbnails
from sightline.parallel import Progress
from sightline.quality.labels.review import LabelReview
from sightline.quality.rendering import render_quality
from sightline.records import ImageLimits


def suspects_page(
    review: LabelReview,
    dataset: Dataset,
    *,
    most: int | None = None,
    limits: ImageLimits | None = None,
    progress: Progress | None = None,
) -> str:
    """The worst suspects as a page to be written as UTF-8, about 6 kB each; `most` as in `LabelReview.worst`.

    A picture that has vanished meanwhile leaves an empty frame. `progress` counts the thumbnails.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    suspects = review.worst(most)
    paths = sorted({suspect.path for suspect in suspects})
    return render_quality(
        "labels.html.j2",
        location=dataset.store.location,
        digest=dataset.digest(),
        review=review,
        suspects=suspects,
        headline=_headline(review),
        sentence=f"The {counted(len(suspects), 'least believed label')} of {len(review.suspects):,}, the worst first.",
        thumbnails=draw_thumbnails(paths, dataset.store, limits or ImageLimits(), progress),
    )


def _headline(review: LabelReview) -> str:
    if not review.flagged:
        return "No label stands out as wrong."
    are = "label is" if review.flagged == 1 else "labels are"
    return f"{review.flagged:,} {are} probably wrong."
