"""The digest is computed column by column; here a row at a time, as its format is defined."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.dataset import Dataset, Sample

TEXT = st.sampled_from(["", "a", 'b"', "c\\", "ä", "\x7f", "\n", "😀", "x y", "\0", "~!#[]"])


def digest_by_row(dataset: Dataset) -> str:
    encode = json.JSONEncoder(separators=(",", ":")).encode
    lines = [encode(["sightline-dataset-1", dataset.labels])]
    for sample in dataset.samples:
        row: list[object] = [sample.path, sample.labels, sample.group, sample.split, sample.sha256]
        if sample.fold is not None or sample.extra:
            row += [sample.fold, sorted(sample.extra.items())]
        lines.append(encode(row))
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


@st.composite
def sample(draw: st.DrawFn, path: str) -> Sample:
    return Sample(
        path=path + draw(TEXT),
        labels=tuple(draw(st.lists(TEXT, max_size=3))),
        group=draw(st.none() | TEXT),
        split=draw(st.sampled_from([None, "train", "test"])),
        width_px=1,
        height_px=1,
        size_bytes=1,
        sha256=draw(TEXT),
        fold=draw(st.none() | st.integers(0, 12)),
        extra=draw(st.dictionaries(st.sampled_from(["z", 'a"', "é"]), TEXT)),
    )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_digest_of_a_whole_table_or_part_of_it_is_that_of_its_rows(data: st.DataObject) -> None:
    samples = [data.draw(sample(str(index))) for index in range(data.draw(st.integers(0, 12)))]
    dataset = Dataset.of(Path("/nowhere"), ("a", "ä"), samples)
    part = replace(dataset, table=dataset.table.slice(2, 5))

    assert dataset.digest() == digest_by_row(dataset)
    assert part.digest() == digest_by_row(part)
