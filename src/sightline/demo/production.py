"""The three sorts of file that a set is made of: shots of a piece, duplicates of a shot, damaged files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sightline.demo.alterations import AlterationKind, Altered, alter
from sightline.demo.damage import DamageKind, damage
from sightline.demo.defects import Defect
from sightline.demo.encoding import encode, encode_as_camera
from sightline.demo.faults import FaultPlan
from sightline.demo.layout import file_name, write_file
from sightline.demo.options import DemoOptions
from sightline.demo.pieces import Piece, Split, labels_of, piece_name
from sightline.demo.scene import Scene, make_scene, take_shot
from sightline.demo.seeds import random_stream
from sightline.demo.truth import DefectTruth, Fault, ImageTruth

_SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Job:
    """Where to write, what was asked for, and what was planned. The last pieces are those to be damaged."""

    folder: Path
    options: DemoOptions
    pieces: list[Piece]
    faults: FaultPlan

    def write(self, split: Split, labels: tuple[str, ...], name: str, data: bytes) -> str:
        """Write one file where the layout wants it, and say where that is."""
        path = file_name(self.options.layout, split, labels, name)
        write_file(self.folder, path, data)
        return path


def write_shots(job: Job, first: int) -> list[ImageTruth]:
    """All pictures of one piece; `first` is the number of the first of them in the set."""
    options = job.options
    piece = job.pieces[first // options.shots_per_piece]
    scene = make_scene(piece, options.seed, options.camera_change)
    last = min(first + options.shots_per_piece, options.images)
    return [_write_shot(job, scene, number, number - first) for number in range(first, last)]


def _write_shot(job: Job, scene: Scene, number: int, shot: int) -> ImageTruth:
    piece, seed = scene.piece, job.options.seed
    picture = take_shot(scene, shot, job.options.camera_change)
    data, suffix = encode_as_camera(picture.pixels, random_stream(seed, "file", piece.index, shot))
    wrong = job.faults.mislabelled.get(number)
    true_labels = labels_of(piece, job.options.task)
    labels = (wrong,) if wrong else true_labels
    return ImageTruth(
        file_name=job.write(piece.split, labels, f"{piece.group}_shot{shot}{suffix}", data),
        labels=labels,
        group=piece.group,
        split=piece.split,
        surface=piece.surface,
        width_px=piece.width_px,
        height_px=piece.height_px,
        defects=_as_truth(picture.defects),
        fault=Fault(kind="wrong_label", true_labels=true_labels) if wrong else None,
    )


def write_duplicate(
    job: Job, source: ImageTruth, number: int, alteration: AlterationKind | None
) -> ImageTruth:
    """The n-th duplicate: the source's own bytes, or a new file of the altered picture."""
    rng = random_stream(job.options.seed, "alteration", number)
    split, group, shot = _file_under(job, source, number, rng)
    path = job.folder / source.file_name
    if alteration is None:
        truth, data, suffix = source, path.read_bytes(), path.suffix
    else:
        altered, data = _alter_file(path, alteration, rng)
        truth, suffix = _seen_in(altered, source), ".jpg"
    fault = Fault(
        kind="near_duplicate" if alteration else "exact_duplicate",
        duplicate_of=source.file_name,
        alteration=alteration,
    )
    name = job.write(split, source.labels, f"{group}_shot{shot}{suffix}", data)
    return truth.model_copy(update={"file_name": name, "group": group, "split": split, "fault": fault})


def _seen_in(altered: Altered, source: ImageTruth) -> ImageTruth:
    height, width = altered.pixels.shape[:2]
    defects = tuple(DefectTruth(kind=d.kind, box=altered.find(d.box)) for d in source.defects)
    return source.model_copy(update={"width_px": width, "height_px": height, "defects": defects})


def _alter_file(path: Path, kind: AlterationKind, rng: np.random.Generator) -> tuple[Altered, bytes]:
    with Image.open(path) as image:
        grey = image.mode == "L"
        pixels = np.asarray(image.convert("RGB"))
    altered = alter(kind, pixels, rng)
    quality = int(rng.integers(50, 75) if kind == "recompressed" else rng.integers(76, 92))
    return altered, encode(altered.pixels, ".jpg", grey=grey, quality=quality)


def _file_under(
    job: Job, source: ImageTruth, number: int, rng: np.random.Generator
) -> tuple[Split, str, int]:
    """Split, group and shot number: one more shot of the source's piece, or a piece of its own elsewhere."""
    options = job.options
    if not options.duplicates_cross_splits:
        return source.split, source.group, options.shots_per_piece + number
    sizes = (1 - options.val - options.test, options.val, options.test)
    others = [split for split, size in zip(_SPLITS, sizes, strict=True) if size > 0 and split != source.split]
    return others[rng.integers(len(others))], piece_name(len(job.pieces) + number), 0


def write_damaged(job: Job, piece: Piece, kind: DamageKind) -> ImageTruth:
    """A picture of a piece that is seen nowhere else, in one way damaged."""
    seed, change = job.options.seed, job.options.camera_change
    picture = take_shot(make_scene(piece, seed, change), 0, change)
    data, suffix = damage(kind, picture.pixels, random_stream(seed, "damage", piece.index))
    labels = labels_of(piece, job.options.task)
    return ImageTruth(
        file_name=job.write(piece.split, labels, f"{piece.group}_shot0{suffix}", data),
        labels=labels,
        group=piece.group,
        split=piece.split,
        surface=piece.surface,
        width_px=piece.width_px,
        height_px=piece.height_px,
        fault=Fault(kind="damaged", damage=kind),
    )


def _as_truth(defects: tuple[Defect, ...]) -> tuple[DefectTruth, ...]:
    return tuple(DefectTruth(kind=defect.kind, box=defect.box) for defect in defects)
