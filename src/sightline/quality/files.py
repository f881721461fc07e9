"""Files that are not what they seem: set aside because they do not decode, or named after another format."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sightline.dataset import Dataset
from sightline.pages import counted
from sightline.quality.found import Finding, Found, RowFindings
from sightline.records import ImageFormat

_EXTENSIONS: dict[ImageFormat, tuple[str, ...]] = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "PNG": ("png", "apng"),
    "WEBP": ("webp",),
    "BMP": ("bmp", "dib"),
    "TIFF": ("tif", "tiff"),
    "GIF": ("gif",),
    "AVIF": ("avif",),
    "JPEG2000": ("jp2", "j2k", "j2c", "jpf", "jpx"),
    "PPM": ("ppm", "pgm", "pbm", "pnm"),
}
_FORMAT_OF = {extension: name for name, all_of_it in _EXTENSIONS.items() for extension in all_of_it}


def find_corrupt(dataset: Dataset) -> Iterator[Found]:
    """Everything in quarantine, the most frequent reasons first."""
    aside = dataset.quarantine
    if not aside:
        return
    frequency = Counter(one.reason for one in aside)
    number_of = {reason: number for number, (reason, _) in enumerate(frequency.most_common())}
    ordered = sorted(aside, key=lambda one: (number_of[one.reason], one.path))
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in frequency.most_common())
    yield Found(
        "corrupt",
        "warning",
        f"{counted(len(aside), 'file was', 'files were')} set aside: {reasons}.",
        "They are not learnt from. Repair or replace them, or delete them.",
        tuple(
            Finding(path=one.path, family=number_of[one.reason], detail=f"{one.reason}: {one.message}")
            for one in ordered
        ),
    )


def find_wrong_extensions(dataset: Dataset) -> Iterator[Found]:
    """Pictures whose name ends like another format of pictures than their content is.

    No extension, or one that belongs to no format of pictures, claims nothing and is not found.
    """
    ending = pc.struct_field(
        pc.extract_regex(pc.utf8_lower(dataset.table["path"]), r"\.(?P<extension>[a-z0-9]+)$"), "extension"
    )
    known = pa.array(_FORMAT_OF, pa.string())
    formats = pa.array([*_FORMAT_OF.values(), None], pa.string())
    place = pc.fill_null(pc.index_in(ending, value_set=known), len(known))
    claimed = pc.take(formats, place)
    content = dataset.table["format"]
    wrong = pc.fill_null(pc.not_equal(claimed, content), False).to_numpy()
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    endings, contents = ending.take(pa.array(rows)), content.take(pa.array(rows))
    yield Found(
        "wrong_extension",
        "warning",
        f"{counted(len(rows), 'file is', 'files are')} named after another format than the content has.",
        "They are read by their content here; rename them for programs that trust the name.",
        RowFindings(dataset, rows, lambda index: f"a {contents[index]} named .{endings[index]}"),
    )
