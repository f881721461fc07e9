"""Suspects as one HTML page that needs nothing else: no network, no script, no file beside it."""

from collections.abc import Sequence

from sightline.dataset import Dataset
from sightline.errors import ImageError, InputError
from sightline.extras import require
from sightline.parallel import Progress, in_order
from sightline.quality.labels.review import LabelReview
from sightline.quality.labels.suspects import Suspect
from sightline.quality.labels.thumbnail import thumbnail_uri
from sightline.records import ImageLimits


def suspects_page(
    review: LabelReview,
    dataset: Dataset,
    *,
    most: int | None = None,
    limits: ImageLimits | None = None,
    progress: Progress | None = None,
) -> str:
    """The worst suspects as a page to be written as UTF-8, about 5 kB each; `most` as in `LabelReview.worst`.

    A picture that has vanished meanwhile leaves an empty frame. `progress` counts the thumbnails.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    jinja2 = require("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sightline.quality.labels"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    suspects = review.worst(most)
    text: str = environment.get_template("labels.html.jinja").render(
        location=dataset.store.location,
        review=review,
        suspects=suspects,
        thumbnails=_thumbnails(suspects, dataset, limits or ImageLimits(), progress),
    )
    return text


def _thumbnails(
    suspects: Sequence[Suspect], dataset: Dataset, limits: ImageLimits, progress: Progress | None
) -> list[str | None]:
    def draw(suspect: Suspect) -> str | None:
        try:
            return thumbnail_uri(dataset.store.read(suspect.path, limits), limits)
        except (ImageError, InputError):
            return None

    return list(in_order(draw, suspects, progress=progress))
