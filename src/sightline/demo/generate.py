"""The generated data set from first to last: plan, pictures, duplicates, damage, tables."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sightline.demo.alterations import AlterationKind
from sightline.demo.faults import plan_faults
from sightline.demo.layout import staged, write_metadata
from sightline.demo.options import DemoOptions
from sightline.demo.pieces import labels_of, plan_pieces
from sightline.demo.production import Job, write_damaged, write_duplicate, write_shots
from sightline.demo.truth import DemoTruth, ImageTruth, write_truth

Progress = Callable[[int], None]
_DEFAULTS = DemoOptions()
# numpy and Pillow release the lock for long enough to keep two cores busy, and no more than about that.
_THREADS = 3


def generate_dataset(
    root: Path, options: DemoOptions = _DEFAULTS, progress: Progress | None = None
) -> DemoTruth:
    """Write a generated data set to `root`, with its truth in `root/truth.jsonl`.

    `root` appears when everything is written, and not at all if anything goes wrong. The same options give
    the same bytes. `progress` is called in this thread with the number of files written so far.

    Raises:
        InputError: `root` is a file, or a folder with something in it.
    """
    images: list[ImageTruth] = []
    with staged(root) as folder:
        for image in _write_files(_plan(folder, options)):
            images.append(image)
            if progress is not None:
                progress(len(images))
        truth = DemoTruth(tuple(images))
        if options.layout == "metadata":
            write_metadata(folder, truth, options.task)
        write_truth(folder, truth)
    return truth


def _plan(folder: Path, options: DemoOptions) -> Job:
    shots = options.shots_per_piece
    sound = -(-options.images // shots)
    spare = round(options.damaged * options.images)
    pieces = plan_pieces(options, sound + spare)
    labels = [labels_of(pieces[number // shots], options.task) for number in range(options.images)]
    return Job(folder, options, pieces, plan_faults(options, labels))


def _write_files(job: Job) -> Iterator[ImageTruth]:
    """Every file of the set. Duplicates come after their sources, whose files they are made from."""
    firsts = range(0, job.options.images, job.options.shots_per_piece)
    sources: list[tuple[int, AlterationKind | None]] = [(number, None) for number in job.faults.copied]
    sources += job.faults.altered
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="demo")
    try:
        sound: list[ImageTruth] = []
        for shots in pool.map(lambda first: write_shots(job, first), firsts):
            sound += shots
            yield from shots
        yield from pool.map(
            lambda number, source: write_duplicate(job, sound[source[0]], number, source[1]),
            range(len(sources)),
            sources,
        )
        yield from pool.map(
            lambda piece, kind: write_damaged(job, piece, kind), job.pieces[len(firsts) :], job.faults.damaged
        )
    finally:
        # After an error nobody wants the rest; running work must end before its folder can go.
        pool.shutdown(wait=True, cancel_futures=True)
