"""Why the mistakes of a report were made: heat over the picture, and the training pictures that it looks like."""

from collections.abc import Mapping, Sequence

from sightline.dataset.sources.store import Store
from sightline.errors import ImageError, InputError
from sightline.inference import Explainer, Predictor, as_png, draw_overlay, open_explainer
from sightline.pages import thumbnail
from sightline.parallel import Progress
from sightline.records import ImageLimits, Neighbour
from sightline.report import Card, Explained, Subject

_LOOKALIKES = 3
_HOW = "Beside each picture: where the evidence for the wrong answer lies, by RISE."


def explain_cards(
    predictor: Predictor,
    subject: Subject,
    cards: Sequence[Card],
    store: Store | None,
    progress: Progress | None = None,
) -> Mapping[str, Explained]:
    """Explain each card's label, by path; what cannot be read any more has no overlay."""
    explainer = open_explainer(predictor)
    rows = {path: row for row, path in enumerate(subject.scores.ids)}
    found = {}
    for done, card in enumerate(cards, 1):
        lookalikes = _lookalikes(predictor, subject, rows[card.path])
        found[card.path] = Explained(_overlay(explainer, card, store), lookalikes)
        if progress is not None:
            progress(done, len(cards))
    return found


def said_of_method(explained: Mapping[str, Explained]) -> str:
    """How overlays were made, in a sentence; empty where there are none."""
    return _HOW if any(one.overlay for one in explained.values()) else ""


def _overlay(explainer: Explainer, card: Card, store: Store | None) -> bytes | None:
    limits = explainer.predictor.bundle.manifest.preprocessing.limits
    try:
        if store is None or store.refusal(card.path) is not None:
            return None
        explanation = explainer.explain(store.read(card.path, limits), card.explains)
    except (ImageError, InputError):
        return None
    return thumbnail(as_png(draw_overlay(explanation)), ImageLimits())


def _lookalikes(predictor: Predictor, subject: Subject, row: int) -> tuple[Neighbour, ...]:
    if predictor.nearest is None:
        return ()
    embedding = subject.scores.embeddings[row]
    return predictor.nearest.find(embedding, _LOOKALIKES, predictor.bundle.manifest.labels)
