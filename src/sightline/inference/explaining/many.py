"""Many files explained, in order, on all cores; a bad one is a result like the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sightline.errors import ImageError, InputError
from sightline.inference.explaining.explain import Explainer
from sightline.inference.explaining.explanation import Explanation
from sightline.inference.many import require_text_name
from sightline.parallel import in_order
from sightline.records import ExplanationMethod

_AHEAD = 4  # each holds its picture


@dataclass(frozen=True)
class ExplainedFile:
    """A file with its explanation, or with the error that stands in its place."""

    path: Path
    explanation: Explanation | None = None
    error: ImageError | InputError | None = None


def explain_files(
    explainer: Explainer,
    paths: Sequence[Path],
    label: str | None = None,
    *,
    method: ExplanationMethod = "rise",
    workers: int | None = None,
) -> Iterator[ExplainedFile]:
    """Explain each file, in the order given; one or two a core are in work ahead of the one that is yielded.

    A label or a method that the bundle does not have is an error of every file: check them before.
    """
    work = partial(_explain_file, explainer, label, method)
    return in_order(work, paths, workers=workers, ahead=_AHEAD)


def _explain_file(
    explainer: Explainer, label: str | None, method: ExplanationMethod, path: Path
) -> ExplainedFile:
    try:
        require_text_name(path)
        return ExplainedFile(path, explainer.explain(path, label, method=method))
    except (ImageError, InputError) as err:
        return ExplainedFile(path, error=err)
