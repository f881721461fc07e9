import io
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sightline.demo import CameraChange, DemoOptions, generate_dataset
from sightline.demo.pieces import DEFECTS, DefectKind, Piece, plan_pieces
from sightline.demo.scene import Picture, make_scene, take_shot
from sightline.demo.surfaces import SurfaceKind

SEED = 11
PIECES = plan_pieces(DemoOptions(seed=SEED), 60)


def photograph_piece(piece: Piece, change: CameraChange | None = None) -> Picture:
    return take_shot(make_scene(piece, SEED, change), 0, change)


def test_every_surface_and_every_defect_is_made():
    assert {piece.surface for piece in PIECES} == set(get_args(SurfaceKind))
    assert {kind for piece in PIECES for kind in piece.defects} == set(get_args(DefectKind))
    assert {len(piece.defects) for piece in PIECES} == {0, 1, 2, 3}


@pytest.mark.parametrize("kind", DEFECTS)
def test_boxes_hold_every_pixel_that_a_defect_changes(kind):
    for piece in (piece for piece in PIECES if kind in piece.defects):
        picture = photograph_piece(piece)
        flawless = photograph_piece(replace(piece, defects=()))

        changed = (picture.pixels != flawless.pixels).any(axis=2)
        covered = np.zeros_like(changed)
        for defect in picture.defects:
            x0, y0, x1, y1 = defect.box
            assert 0 <= x0 < x1 <= piece.width_px
            assert 0 <= y0 < y1 <= piece.height_px
            covered[y0:y1, x0:x1] = True
            assert changed[y0:y1, x0:x1].any()
        assert not (changed & ~covered).any()


def test_boxes_are_no_larger_than_their_defects():
    for piece in (piece for piece in PIECES if len(piece.defects) == 1):
        picture = photograph_piece(piece)
        flawless = photograph_piece(replace(piece, defects=()))

        difference = picture.pixels.astype(int) - flawless.pixels
        ys, xs = np.nonzero(np.abs(difference).max(axis=2) > 1)
        changed = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        slack = 4 + 0.02 * min(piece.width_px, piece.height_px)
        assert np.abs(np.subtract(changed, picture.defects[0].box)).max() <= slack


def test_defects_of_one_piece_are_where_the_shot_shows_them():
    piece = next(piece for piece in PIECES if piece.defects == ("hole",))
    scene = make_scene(piece, SEED, None)

    shots = [take_shot(scene, shot, None) for shot in range(6)]

    # A hole is the darkest thing on a piece, so its box is darker than the box's surroundings in every shot.
    assert len({shot.defects[0].box for shot in shots}) > 1
    for shot in shots:
        x0, y0, x1, y1 = shot.defects[0].box
        middle = shot.pixels[(y0 + y1) // 2 - 2 : (y0 + y1) // 2 + 2, (x0 + x1) // 2 - 2 : (x0 + x1) // 2 + 2]
        around = shot.pixels[max(y0 - 8, 0) : y0, x0:x1]
        assert middle.mean() < 0.7 * around.mean()


def mean_level(pixels: np.ndarray) -> float:
    return float(pixels.mean())


def red_over_blue(pixels: np.ndarray) -> float:
    return float(pixels[..., 0].mean() / pixels[..., 2].mean())


def detail(pixels: np.ndarray) -> float:
    """Contrast between pixels two apart on 4-pixel averages, so that sensor noise counts for little."""
    grey = pixels.mean(axis=2)
    grey = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
    small = grey.reshape(grey.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
    return float(np.abs(np.diff(small, axis=1)).mean())


def border_level(pixels: np.ndarray) -> float:
    return float(np.concatenate([pixels[:3].ravel(), pixels[-3:].ravel()]).mean())


@pytest.mark.parametrize(
    "change, figure, low, high",
    [
        ("exposure", mean_level, 0.5, 0.7),
        ("blur", detail, 0.2, 0.8),
        ("colour_cast", red_over_blue, 1.3, 1.8),
        ("background", border_level, 1.2, 3.0),
    ],
    ids=["exposure-darker", "blur-less-detail", "colour_cast-to-orange", "background-brighter-edge"],
)
def test_a_camera_change_moves_its_figure_in_the_stated_direction(change, figure, low, high):
    before = np.mean([figure(photograph_piece(piece).pixels) for piece in PIECES[:20]])

    after = np.mean([figure(photograph_piece(piece, change).pixels) for piece in PIECES[:20]])

    assert low < after / before < high


@pytest.mark.parametrize("change", ["exposure", "background"])
def test_a_camera_change_reaches_every_file(tmp_path, change):
    plain = DemoOptions(images=6, seed=3)
    before = generate_dataset(tmp_path / "before", plain)
    after = generate_dataset(tmp_path / "after", plain.model_copy(update={"camera_change": change}))

    assert [image.defects for image in before.images] == [image.defects for image in after.images]
    for image in before.images:
        levels = [
            np.asarray(Image.open(tmp_path / when / image.file_name)).mean() for when in ("before", "after")
        ]
        assert levels[1] < 0.75 * levels[0] if change == "exposure" else levels[1] > levels[0] + 0.5


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_raw_pixels_do_not_give_the_class_away(pixel_rows, mode):
    rows, labels = pixel_rows(mode)

    # As many components as rows lose nothing; the regression then has 200 unknowns a class, not 3,072.
    model = make_pipeline(StandardScaler(), PCA(200), LogisticRegression(C=0.01, max_iter=1000))
    # Many tiny products: with more than one thread the waiting costs more than the work.
    with threadpool_limits(1):
        accuracy = model.fit(rows[:200], labels[:200]).score(rows[200:], labels[200:])

    # Chance is 0.2; a small convolutional network trained on 700 pictures reaches more than 0.9.
    assert accuracy < 0.6


@pytest.fixture(scope="module")
def pixel_rows(tmp_path_factory):
    root = tmp_path_factory.mktemp("linear") / "set"
    truth = generate_dataset(root, DemoOptions(images=300))
    files = [(root / image.file_name).read_bytes() for image in truth.images]
    labels = np.array([image.labels[0] for image in truth.images])

    def read(mode: str) -> tuple[np.ndarray, np.ndarray]:
        pictures = (Image.open(io.BytesIO(data)).convert(mode).resize((32, 32)) for data in files)
        return np.stack([np.asarray(picture, dtype=float).ravel() / 255 for picture in pictures]), labels

    return read
