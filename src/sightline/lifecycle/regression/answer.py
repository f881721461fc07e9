"""When an answer counts as right."""

from collections.abc import Sequence

from sightline.records import Prediction


def is_right(prediction: Prediction, labels: Sequence[str]) -> bool:
    """Whether the labels held for true are just these, and the picture is not rejected.

    An answer that goes to review with the right labels is right: a person sees it.
    """
    return set(prediction.labels) == set(labels) and prediction.decision != "reject"
