"""The story of a check: every picture opened, twins sought, findings made, a report written."""

import csv
import io
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.dataset import Dataset, NearDuplicates, ReadOptions, examine_dataset
from sightline.dataset.reading.read import Listener
from sightline.errors import InputError
from sightline.lifecycle.provenance import now
from sightline.quality import (
    LIST_COLUMNS,
    CheckReport,
    Found,
    check_dataset,
    find_issues,
    list_findings,
    render_page,
)
from sightline.records import ImageLimits
from sightline.whole_file import write_whole

REPORT_FILES = ("report.html", "report.json", "findings.csv", "quarantine.csv")


@dataclass(frozen=True)
class Checked:
    """A data set with all that was found in it."""

    dataset: Dataset
    near: NearDuplicates
    found: Sequence[Found]
    report: CheckReport


def check_source(location: str | Path, options: ReadOptions, listen: Listener | None = None) -> Checked:
    """Read a source and check it; raises as `sightline.dataset.examine_dataset` does."""
    started = time.perf_counter()
    examined = examine_dataset(location, options, listen)
    return check_examined(examined.dataset, examined.near, time.perf_counter() - started)


def check_examined(dataset: Dataset, near: NearDuplicates, seconds: float = 0.0) -> Checked:
    """Check what has been read already, in `seconds`."""
    found = find_issues(dataset, near)
    report = check_dataset(dataset, near, at=now(), seconds=seconds, found=found)
    return Checked(dataset, near, found, report)


def write_report(
    checked: Checked, folder: Path, *, limits: ImageLimits | None = None, listen: Listener | None = None
) -> None:
    """Write `REPORT_FILES` into a folder, made if need be; each is there whole, or as it was before.

    Raises:
        InputError: the folder cannot be written to.
    """
    progress = listen("Drawing the report") if listen else None
    page = render_page(checked.report, checked.dataset.store, limits=limits, progress=progress)
    quarantine = ((one.path, one.reason, one.message) for one in checked.dataset.quarantine)
    contents = (
        page.encode(errors="backslashreplace"),
        f"{checked.report.model_dump_json(indent=1)}\n".encode(),
        table_bytes(LIST_COLUMNS, list_findings(checked.found)),
        table_bytes(("path", "reason", "message"), quarantine),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in zip(REPORT_FILES, contents, strict=True):
            write_whole(folder / name, content)
    except OSError as err:
        raise InputError(f"'{folder}' cannot be written to: {err.strerror or err}.") from err


def table_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as CSV in UTF-8, with its header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode(errors="backslashreplace")
