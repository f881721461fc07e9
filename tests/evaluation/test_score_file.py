import io
import zipfile

import numpy as np
import pytest

from sightline.errors import InputError
from sightline.evaluation.score_file import read_scores, write_scores
from sightline.records import ScoredSet, Scores, ScoresOrigin

ORIGIN = ScoresOrigin(bundle_id="b" * 64, graph_sha256="a" * 64, split="test", seen_in_training=2)


def scored_set(multilabel=False):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4, 3)).astype(np.float32)
    targets = (logits > 0).astype(np.uint8) if multilabel else np.array([0, 2, 1, 1])
    scores = Scores(logits, np.ones((4, 2), np.float32), targets, ("a", "b", "ü/ä", "d"), ("x", "y", "z"))
    columns = {"camera": np.array(["left", "", "file", "left"]), "file": np.array([1.0, 2.0, np.nan, 4.0])}
    return ScoredSet(scores, ORIGIN, np.array([0, 0, 1, 2]), columns)


@pytest.mark.parametrize("multilabel", [False, True], ids=["multiclass", "multilabel"])
def test_scores_come_back_as_they_were_written(tmp_path, multilabel):
    scored = scored_set(multilabel)

    write_scores(scored, tmp_path / "scores.npz")
    back = read_scores(tmp_path / "scores.npz")

    for name in ("logits", "embeddings", "targets"):
        np.testing.assert_array_equal(getattr(back.scores, name), getattr(scored.scores, name))
    assert (back.scores.ids, back.scores.labels, back.origin) == (
        scored.scores.ids,
        scored.scores.labels,
        ORIGIN,
    )
    assert back.groups is not None
    assert back.groups.tolist() == [0, 0, 1, 2]
    assert back.columns["camera"].tolist() == ["left", "", "file", "left"]
    np.testing.assert_array_equal(back.columns["file"], scored.columns["file"])
    assert [one.name for one in tmp_path.iterdir()] == ["scores.npz"]


def arrays_of(path):
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("logits", np.zeros((4, 3)), "'logits' is float64"),
        ("logits", np.zeros((4, 2), np.float32), r"\[any, 3\] is expected"),
        ("embeddings", np.zeros((3, 2), np.float32), "'embeddings' is float32"),
        ("targets", np.array([0, 1, 2, 3]), "not one of 0 to 2"),
        ("targets", np.array([0, 1, 2, -1]), "not one of 0 to 2"),
        ("targets", np.full((4, 3), 2, np.uint8), "neither 0 nor 1"),
        ("ids", np.array(["a", "a", "b", "c"]), "ids must be there once each"),
        ("labels", np.array(["x", "", "z"]), "labels must be there once each"),
        ("groups", np.zeros(4, np.int32), "'groups' is int32"),
        ("schema", np.array(2), "its schema is 2"),
        ("origin", np.array("{}"), "'origin' does not say"),
        ("text.camera", np.array(["a"]), "'text.camera'"),
        ("number.file", np.array(["a"] * 4), "float64"),
        ("logits", np.array([[None] * 3] * 4), "it holds objects"),
        ("logits", None, "'logits' is missing; write them anew with"),
        ("logits", np.full((4, 3), np.nan, np.float32), "'logits' has NaN or infinite values, first for 'a'"),
        ("embeddings", np.full((4, 2), np.inf, np.float32), "'embeddings' has NaN or infinite values"),
        ("extra", np.zeros(4), "'extra' is not known"),
    ],
)
def test_an_array_that_does_not_fit_is_named(tmp_path, name, value, message):
    path = tmp_path / "scores.npz"
    write_scores(scored_set(), path)
    arrays = arrays_of(path) | {name: value}
    if value is None:
        del arrays[name]
    np.savez(tmp_path / "changed.npz", **{key.replace("file", "f"): one for key, one in arrays.items()})

    with pytest.raises(InputError, match=message):
        read_scores(tmp_path / "changed.npz")


def test_a_compressed_file_is_refused_since_its_size_is_anyones_word(tmp_path):
    write_scores(scored_set(), tmp_path / "scores.npz")
    arrays = {name.replace("file", "f"): one for name, one in arrays_of(tmp_path / "scores.npz").items()}
    np.savez_compressed(tmp_path / "small.npz", **arrays)

    with pytest.raises(InputError, match="it is compressed"):
        read_scores(tmp_path / "small.npz")


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "no members"]
)
def test_what_is_no_archive_is_one_sentence(tmp_path, content):
    (tmp_path / "scores.npz").write_bytes(content)

    with pytest.raises(InputError, match="The scores in"):
        read_scores(tmp_path / "scores.npz")


def test_a_header_that_claims_more_than_is_there_is_refused(tmp_path):
    write_scores(scored_set(), tmp_path / "scores.npz")
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        member, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 3)}
    )
    with zipfile.ZipFile(tmp_path / "scores.npz") as old, zipfile.ZipFile(tmp_path / "big.npz", "w") as new:
        for name in old.namelist():
            new.writestr(name, member.getvalue() if name == "logits.npy" else old.read(name))

    with pytest.raises(InputError, match="cannot be"):
        read_scores(tmp_path / "big.npz")


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "scores.npz"
    write_scores(scored_set(), path)
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(
        InputError, match="are damaged or cut off .* write them anew with `sightline evaluate"
    ):
        read_scores(path)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match="--out FOLDER"):
        read_scores(tmp_path / "absent.npz")
