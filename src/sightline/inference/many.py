"""Many files, in order, on all cores; a bad one is a result like the others."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import ImageError, InputError
from sightline.inference.predictor import Predictor
from sightline.records import Prediction


@dataclass(frozen=True)
class FileOutcome:
    """A file with its prediction, or with the error that stands in its place."""

    path: Path
    prediction: Prediction | None = None
    error: ImageError | InputError | None = None


def predict_files(
    predictor: Predictor, paths: Sequence[Path], *, top_k: int = 5, workers: int | None = None
) -> Iterator[FileOutcome]:
    """Answer each file, in the order given; a few are in work ahead of the one that is yielded.

    Open the predictor with `threads=1`: the files are spread over the cores, not the work on one of them.
    """
    workers = workers or os.cpu_count() or 1
    ahead: deque[Future[FileOutcome]] = deque()
    with ThreadPoolExecutor(workers) as threads:
        try:
            for path in paths:
                ahead.append(threads.submit(_predict_file, predictor, path, top_k))
                if len(ahead) > 4 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _predict_file(predictor: Predictor, path: Path, top_k: int) -> FileOutcome:
    try:
        return FileOutcome(path, predictor.predict(path, top_k=top_k))
    except (ImageError, InputError) as err:
        return FileOutcome(path, error=err)
