import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundles import outlier_rule
from reported import QUICK, material_of, noisy_labels, noisy_scores
from sightline.evaluation.comparison import compare
from sightline.evaluation.gates import judge_gates, read_gate
from sightline.records import DecisionRule, Neighbour, Scores
from sightline.report import Compared, Explained, Material, render_report

LABELS = ("crack", "good", "hole")


def noise_on_disk(root: Path, paths: tuple[str, ...]) -> None:
    """Pictures that compress as badly as any."""
    rng = np.random.default_rng(0)
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)).save(root / path)


def two_labels(logits: list[list[float]], targets: list[int], labels: tuple[str, ...] = ("a", "b")) -> Scores:
    rows = len(targets)
    return Scores(
        np.array(logits, np.float32),
        np.zeros((rows, 4), np.float32),
        np.array(targets, np.int64),
        tuple(f"{row}.png" for row in range(rows)),
        labels,
    )


def whole_material(root: Path) -> Material:
    """Everything that a report can hold."""
    scores = noisy_scores(LABELS, 240)
    noise_on_disk(root, scores.ids)
    rule = DecisionRule(accept_thresholds=(0.6, 0.6, 0.6))
    columns = {"camera": np.where(np.arange(240) % 5 == 0, "left", "right")}
    material = material_of(scores, rule=rule, root=root, groups=np.arange(240) // 2, columns=columns)
    other = replace(scores, logits=scores.logits[:, ::-1].copy() * 0.2 + scores.logits)
    compared = Compared("other", compare(scores, rule, other, rule, QUICK))
    gates = judge_gates([read_gate("macro_f1>=0.99")], material.evaluation, "multiclass", {})
    first = material.galleries.mistakes.cards[0].path
    like = Neighbour(id=scores.ids[0], sha256="0" * 64, labels=("crack",), distance=0.25)
    overlay = b"RIFF"
    return replace(
        material,
        compared=compared,
        gates=gates,
        explained={first: Explained(overlay, (like,))},
        explained_by="Beside each picture: where the evidence lies.",
    )


def test_a_whole_report_has_every_part(tmp_path: Path) -> None:
    text = render_report(whole_material(tmp_path))

    parts = re.findall(r'<section id="(\w+)"', text)
    assert parts == [
        "gates", "figures", "classes", "curves", "confusion", "slices", "comparison",
        "mistakes", "uncertain", "labels", "strange", "decision", "provenance",
    ]  # fmt: skip
    assert "Do not ship: 1 of 1 gate fails" in text
    assert "Beside each picture: where the evidence lies." in text
    assert "looks to the network like these" in text


def test_averaged_answers_are_not_told_as_verdicts_of_the_service(tmp_path: Path) -> None:
    material = whole_material(tmp_path)
    scored = material.subject.scored
    averaged = replace(scored, origin=scored.origin.model_copy(update={"views": ("hflip",)}))

    plain = render_report(material)
    text = render_report(replace(material, subject=replace(material.subject, scored=averaged)))

    for said in ("<dt>accepted</dt>", "What it did with the pictures of this report", 'id="strange"'):
        assert said in plain
        assert said not in text
    assert 'href="#strange"' not in text


def test_the_report_needs_nothing_beside_it(tmp_path: Path) -> None:
    text = render_report(whole_material(tmp_path))

    assert "<script" not in text
    assert "Content-Security-Policy\" content=\"default-src 'none'" in text
    assert re.findall(r'(?:href|src)="(?!#|data:)|(?:href|src)=[^"]|url\(|@import|https?:', text) == []


def test_every_entry_of_the_contents_leads_somewhere(tmp_path: Path) -> None:
    text = render_report(whole_material(tmp_path))

    targets = set(re.findall(r'href="#([^"]+)"', text))
    assert {"mistakes", "comparison", "gates"} <= targets
    assert targets <= set(re.findall(r'id="([^"]+)"', text))


def test_every_curve_is_told_in_words(tmp_path: Path) -> None:
    text = render_report(whole_material(tmp_path))

    told = re.findall(r'<svg viewBox="0 0 340 270" role="img" aria-label="([^"]+)"', text)
    assert len(told) == 4
    assert told[0].startswith("Reliability before calibration: calibration error 0.")
    assert "The surest 90%:" in told[2]


def test_a_thousand_classes_stay_under_five_megabytes(tmp_path: Path) -> None:
    labels = tuple(f"class number {index:04} of a long name" for index in range(1000))
    scores = noisy_scores(
        labels, 3000, sharpness=3.0, ids=tuple(f"folder/{row:05}.png" for row in range(3000))
    )
    material = material_of(scores, root=tmp_path)
    noise_on_disk(tmp_path, tuple(sorted(material.galleries.paths)))

    text = render_report(material)

    assert text.count("<img") > 40
    assert len(text.encode()) < 5_000_000
    assert "970 better ones" in text
    assert 'class="heat"' not in text
    assert "Most frequent mistakes" in text


def test_a_picture_that_has_vanished_leaves_an_empty_frame(tmp_path: Path) -> None:
    scores = two_labels([[2, 0], [2, 0], [0, 2]], [1, 0, 1])
    noise_on_disk(tmp_path, scores.ids)
    (tmp_path / "0.png").unlink()

    text = render_report(material_of(scores, root=tmp_path))

    assert "no longer readable" in text
    assert 'alt="0.png"' not in text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_names_are_text_and_never_markup(name: str) -> None:
    scores = two_labels([[2, 0], [2, 0], [0, 2]], [1, 0, 1], (name, f"{name}b"))
    hostile = replace(scores, ids=tuple(f"{name}{row}" for row in range(3)))

    material = material_of(hostile, columns={name: np.array([name, "", name])}, manifest={"name": name[:20]})
    text = render_report(material)

    assert name not in text
    assert html.escape(name).replace("&quot;", "&#34;") in text


def test_control_characters_are_spelt_out() -> None:
    labels = ("\u202egnp.\x1b[31m", "b\n")
    scores = two_labels([[2, 0], [2, 0], [0, 2]], [1, 0, 1], labels)

    text = render_report(material_of(scores))

    assert "\\u202egnp." in text
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_a_single_picture_has_a_report() -> None:
    text = render_report(material_of(two_labels([[2, 0]], [0])))

    assert "100% of 1 picture are answered right" not in text
    assert "The one picture is answered right" in text
    assert "There is no picture of &#39;b&#39;" in text


def test_a_class_without_a_picture_is_named_and_has_no_row() -> None:
    text = render_report(material_of(two_labels([[2, 0, 0], [0, 2, 0]], [0, 1], ("a", "b", "missing"))))

    assert "Without a picture: <bdi>missing</bdi>." in text
    assert '<th scope="row"><bdi>missing</bdi></th><td class="number">' not in text


def test_several_labels_a_picture_have_a_report_of_their_own() -> None:
    rule = DecisionRule(activation="sigmoid", label_thresholds=(0.5, 0.4, 0.6), review_from=(0.3, 0.3, 0.3))

    text = render_report(material_of(noisy_labels(LABELS, 200), rule=rule))

    assert '<section id="confusion"' not in text
    assert "have every label right" in text
    assert "Most mistakes are about &#39;" in text
    assert ">0.600</td>" in text
    assert "sends the picture to review" in text


def test_rejected_pictures_are_shown_the_strangest_first() -> None:
    rule = DecisionRule(outliers=outlier_rule(threshold=1.0))
    scores = noisy_scores(LABELS, 30)
    strangeness = np.linspace(0.0, 1.1, 30)

    text = render_report(material_of(scores, rule=rule, outlier_scores=strangeness))

    part = text[text.index('id="strange"') : text.index('id="decision"')]
    assert "3 of 30 pictures are rejected" in part
    assert part.index("00029.") < part.index("00028.")


def test_scores_from_disk_have_a_report_without_pictures() -> None:
    text = render_report(material_of(noisy_scores(LABELS, 30)))

    assert "<img" not in text
    assert "no longer readable" not in text


def test_training_pictures_among_the_judged_are_said_first() -> None:
    text = render_report(material_of(noisy_scores(LABELS, 30), seen_in_training=4))

    assert "No fair test: 4 pictures were trained on." in text
    assert "every figure here flatters" in text


def test_a_lookalike_is_shown_only_if_it_is_the_same_file(tmp_path: Path) -> None:
    material = whole_material(tmp_path)

    text = render_report(material)

    start = text.index("looks to the network")
    part = text[start : text.index("</li>", start)]
    assert "<bdi>crack</bdi> <small>0.25</small>" in part
    assert "<img" not in part


def test_classes_with_pictures_are_counted_and_one_rejected_picture_is_one_of_several() -> None:
    logits = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [2.0, 1.0, 0.0]]
    scores = two_labels(logits, [0, 1, 0], ("a", "b", "never"))
    rule = DecisionRule(outliers=outlier_rule(threshold=1.0))

    page = render_report(material_of(scores, rule=rule, outlier_scores=np.array([0.0, 0.5, 2.0])))

    assert "2 of 3 classes have pictures" in page
    assert "1 of 3 pictures is rejected" in page
