"""Many files, in order, on all cores; a bad one is a result like the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sightline.errors import BadName, ImageError, InputError
from sightline.images import BAD_NAME, is_text_name
from sightline.inference.predictor import Predictor
from sightline.parallel import in_order
from sightline.records import Prediction


@dataclass(frozen=True)
class FileOutcome:
    """A file with its prediction, or with the error that stands in its place."""

    path: Path
    prediction: Prediction | None = None
    error: ImageError | InputError | None = None


def predict_files(
    predictor: Predictor,
    paths: Sequence[Path],
    *,
    top_k: int = 5,
    neighbours: int = 0,
    workers: int | None = None,
) -> Iterator[FileOutcome]:
    """Answer each file, in the order given; a few are in work ahead of the one that is yielded.

    Open the predictor with `threads=1`: the files are spread over the cores, not the work on one of them.
    """
    return in_order(partial(_predict_file, predictor, top_k, neighbours), paths, workers=workers)


def _predict_file(predictor: Predictor, top_k: int, neighbours: int, path: Path) -> FileOutcome:
    try:
        require_text_name(path)
        return FileOutcome(path, predictor.predict(path, top_k=top_k, neighbours=neighbours))
    except (ImageError, InputError) as err:
        return FileOutcome(path, error=err)


def require_text_name(path: Path) -> None:
    """Refuse a file that no answer could name.

    Raises:
        BadName: its path is not valid UTF-8.
    """
    if not is_text_name(str(path)):
        raise BadName(BAD_NAME)
