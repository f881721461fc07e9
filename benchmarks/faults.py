"""How much of what is planted in generated sets the check finds: python -m benchmarks.faults [--sets 3].

Damaged files by reason, exact and near duplicates, pairs of different pieces that pass for one. Each set is in
split folders, with duplicates that cross them.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

from sightline.dataset import Examined, examine_dataset
from sightline.dataset.splits.units import sample_units
from sightline.demo import DemoOptions, generate_dataset, read_truth
from sightline.demo.damage import DamageKind
from sightline.demo.truth import DemoTruth
from sightline.errors import ImageReason

# What each kind of damage is, seen from the file alone.
REASONS_OF: dict[DamageKind, tuple[ImageReason, ...]] = {
    "zero_bytes": ("empty",),
    "text_as_jpeg": ("format_not_allowed",),
    "html_as_png": ("format_not_allowed",),
    "random_bytes": ("format_not_allowed",),
    "header_only": ("truncated",),
    "truncated_jpeg": ("truncated",),
    "truncated_png": ("truncated",),
    "corrupted_jpeg": ("corrupt",),
    # A changed bit may make the inflater stop early, which looks like missing rows.
    "corrupted_png": ("corrupt", "truncated"),
    "trailing_garbage": ("trailing_data",),
    "absurd_dimensions": ("too_many_pixels",),
    "zero_dimensions": ("corrupt",),
    "missing_tables": ("corrupt",),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=3)
    parser.add_argument("--images", type=int, default=1000)
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for seed in range(options.sets):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "set"
            generate_dataset(root, _options(options.images, seed))
            examined = examine_dataset(root)
            total.update(_count(examined, read_truth(root)))
    print(json.dumps({"counts": total, "rates": _rates(total)}, indent=1))


def _options(images: int, seed: int) -> DemoOptions:
    return DemoOptions(
        images=images,
        seed=seed,
        layout="splits",
        exact_duplicates=0.05,
        near_duplicates=0.15,
        duplicates_cross_splits=True,
        wrong_labels=0.05,
        damaged=0.052,
    )


def _count(examined: Examined, truth: DemoTruth) -> Counter[str]:
    row_of = {sample.path: row for row, sample in enumerate(examined.dataset.samples)}
    damaged = {
        one.file_name: REASONS_OF[one.fault.damage]
        for one in truth.with_fault("damaged")
        if one.fault and one.fault.damage
    }
    aside = {one.path: one.reason for one in examined.dataset.quarantine}
    units = sample_units(examined.dataset.table)
    counts = Counter(
        damaged=len(damaged),
        damaged_found=sum(aside.get(name) in right for name, right in damaged.items()),
        sound_refused=len(aside.keys() - damaged.keys()),
    )
    counts.update(
        f"{name}: {aside.get(name)}" for name, right in damaged.items() if aside.get(name) not in right
    )
    for kind in ("exact_duplicate", "near_duplicate"):
        for image in truth.with_fault(kind):
            fault = image.fault
            assert fault is not None
            assert fault.duplicate_of is not None
            counts[kind] += 1
            counts[f"{kind}_found"] += int(
                units[row_of[image.file_name]] == units[row_of[fault.duplicate_of]]
            )
    same = _pieces(truth)
    paths = list(row_of)
    counts["pairs"] += len(examined.near.pairs)
    counts["false_pairs"] += sum(same[paths[a]] != same[paths[b]] for a, b in examined.near.pairs)
    return counts


def _pieces(truth: DemoTruth) -> dict[str, str]:
    """The piece that a file shows, duplicates traced back to their source."""
    source = {one.file_name: one.fault.duplicate_of for one in truth.images if one.fault}
    group = {one.file_name: one.group for one in truth.images}

    def trace(name: str) -> str:
        before = source.get(name)
        return group[name] if before is None else trace(before)

    return {name: trace(name) for name in group}


def _rates(total: Counter[str]) -> dict[str, float]:
    found = {
        kind: total[f"{kind}_found"] / total[kind]
        for kind in ("damaged", "exact_duplicate", "near_duplicate")
    }
    return {**found, "false_pairs": total["false_pairs"] / max(1, total["pairs"])}


if __name__ == "__main__":
    main()
