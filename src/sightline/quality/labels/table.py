"""Suspects as a table that a person fills in, and that `sightline.dataset.read_corrections` reads."""

import csv
import io
from collections.abc import Iterable

from sightline.dataset import CORRECTION_COLUMNS
from sightline.quality.labels.suspects import Suspect


def suspects_table(suspects: Iterable[Suspect]) -> bytes:
    """CSV in UTF-8 with the columns file_name, given, suggested, score, label and sha256, `label` empty.

    Several labels in a cell are divided by `|`. For what to write into `label` see `read_corrections`.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(CORRECTION_COLUMNS)
    for one in suspects:
        given, suggested = "|".join(one.given), "|".join(one.suggested)
        rows.writerow([one.path, given, suggested, f"{one.score:.4f}", "", one.sha256])
    return text.getvalue().encode()
