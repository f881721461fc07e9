"""The page of an optimisation and its checklist, which claims nothing that is not on record."""

import re

import pytest
from typer.testing import CliRunner

from bundles import make_bundle
from sightline.bundle import read_bundle
from sightline.cli.main import app
from sightline.errors import InputError
from sightline.inference.measuring import Footprint, Speed, Throughput
from sightline.lifecycle.checklist import checklist_of_optimization
from sightline.lifecycle.optimizing import Gate, Optimized, Row, Wanted
from sightline.lifecycle.optimizing.report import draw_optimization_report
from sightline.lifecycle.optimizing.write import reference_gate
from sightline.records import DecisionRule, Estimate, Temperature

pytest.importorskip("jinja2")
MACHINE = {"device": "cpu", "cpu": "<Fast> & Sons", "cores": 4, "system": "Linux x86_64"}


def estimate(value, apart=0.02):
    return Estimate(value=value, low=value - apart, high=min(1.0, value + apart), method="wilson")


def row(name, rate=100.0, accuracy=0.95, **changes):
    drop = Estimate(value=0.002, low=-0.01, high=0.012, method="adjusted_wald")
    gate = Gate(
        images=300,
        units=300,
        accuracy=accuracy,
        drop=drop,
        label_agreement=0.99,
        mean_probability_difference=0.001,
        max_probability_difference=0.05,
        worst_class="crack",
        worst_recall_change=-0.01,
        calibration_error=0.01,
        reference_calibration_error=0.01,
        golden=0.001,
    )
    usual = {
        "runtime": "openvino",
        "precision": "float32",
        "how": "the reference's graph",
        "size_mb": 9.1,
        "gate": gate,
        "held_out": estimate(accuracy),
        "test": estimate(accuracy - 0.01),
        "speeds": (Speed(batch_size=1, threads=1, p50_ms=10.0, p95_ms=12.0, ratio=1.0),),
        "throughput": Throughput(
            by_session_per_core=rate, by_all_cores=80, ratio=rate / 100, least_ratio=1.1
        ),
        "footprint": Footprint(start_s=0.5, memory_mib=100.0),
        "role": "kept",
    }
    return Row(name=name, accuracy=accuracy, **{**usual, **changes})


def table(*rows, **changes):
    usual = {"machine": MACHINE, "split": "val", "images": 300, "chosen": "ov-int8-ort", "asked": Wanted()}
    return Optimized(rows=(row("float32", role="reference", gate=None), *rows), **{**usual, **changes})


@pytest.fixture
def found():
    return table(
        row("ov-int8-ort", 260.0, precision="int8", size_mb=2.7),
        row("ort-int8-nncf", 40.0, 0.7, role="refused", reasons=("not faster",), departure="Conv <7>: 3 dB."),
        row("pruned-float32", 140.0, size_mb=6.0, network="pruned"),
    )


@pytest.fixture
def tiles(bundle):
    return read_bundle(bundle)


def states(tiles, found):
    return {line.what: (line.state, line.said) for line in checklist_of_optimization(tiles, found)}


def test_the_page_says_what_serves_and_why_first(tiles, found):
    page = draw_optimization_report(tiles, found)

    assert "ov-int8-ort serves." in page
    text = re.sub(r"\s+", " ", page)
    assert (
        "Of the 3 that are as good, the reference among them, it answers most images a second: 260, 2.60"
        in text
    )
    assert "Accuracy changes by -0.0020 (-0.0120 to +0.0100) on 300 pictures of val." in text


def test_the_page_draws_every_variant_and_the_front(tiles, found):
    page = draw_optimization_report(tiles, found)

    assert page.count('<g class="spot mark"><title>2: ov-int8-ort') == 1
    assert page.count('<g class="spot faint"><title>3: ort-int8-nncf') == 1
    assert len(re.findall(r'<g class="spot [a-z]+"><title>', page)) == 4
    assert "95.0% (93.0–97.0%)" in page


def test_reasons_departures_and_smaller_networks_are_told(tiles, found):
    page = draw_optimization_report(tiles, found)

    assert "not faster; Conv &lt;7&gt;: 3 dB." in page
    assert "pruned-float32 is kept: 1.40 times the reference." in page


def test_what_comes_from_elsewhere_is_escaped_and_nothing_is_loaded(tiles, found):
    page = draw_optimization_report(tiles, found)

    assert "<Fast>" not in page
    assert "&lt;Fast&gt; &amp; Sons, 4 cores" in page
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)


def test_where_nothing_keeps_the_limits_the_page_says_so(tiles, found):
    missed = found.model_copy(update={"chosen": None, "missed": "'float32' comes closest"})

    page = draw_optimization_report(tiles, missed)

    assert 'class="verdict error"' in page
    assert "Nothing keeps the limits." in page
    assert states(tiles, missed)["Throughput benchmarked on the target hardware"][0] == "not verified"


def test_a_limit_is_verified_only_where_somebody_named_it(tiles, found):
    assert states(tiles, found)["Latency requirement defined"][0] == "not stated"
    assert states(tiles, found)["Model size within limits"][0] == "not stated"

    asked = found.model_copy(update={"asked": Wanted(max_latency_ms=20.0, max_size_mb=5.0)})

    assert states(tiles, asked)["Latency requirement defined"] == (
        "verified",
        "20 ms, 95th percentile of one picture on 1 core; ov-int8-ort takes 12.0 ms.",
    )
    assert states(tiles, asked)["Model size within limits"][0] == "verified"
    none = asked.model_copy(update={"chosen": None})
    assert states(tiles, none)["Latency requirement defined"][0] == "not verified"


def test_eight_bits_are_verified_by_held_out_pictures_with_an_interval(tiles, found):
    state, said = states(tiles, found)["Accuracy with eight bits validated on held-out pictures"]
    assert state == "verified"
    assert "0.9500 on 300 pictures of val, -0.0020 against the reference (-0.0120 to +0.0100)" in said

    without = table(row("ov-bfloat16", 180.0, precision="bfloat16"), chosen="ov-bfloat16")

    assert (
        states(tiles, without)["Accuracy with eight bits validated on held-out pictures"][0] == "not verified"
    )


def test_the_bundle_s_records_are_all_that_counts(tiles, found, tmp_path):
    lines = states(tiles, found)

    assert lines["ONNX export matches the network within tolerance"][0] == "not verified"
    assert lines["A baseline was measured"][0] == "not verified"
    assert lines["Operating point chosen deliberately"][0] == "not stated"
    assert lines["Recall measured class by class"][0] == "not verified"
    assert lines["Failure cases kept for regression"][0] == "not verified"
    assert lines["Monitored after shipping"][0] == "not verified"
    rule = DecisionRule(
        calibration=Temperature(), accept_thresholds=(0.9, 0.9, 0.9), aim="recall(crack) >= 0.99"
    )
    aimed = read_bundle(make_bundle(tmp_path / "aimed", decision=rule))
    assert states(aimed, found)["Operating point chosen deliberately"][0] == "verified"


def test_the_reference_of_a_smaller_network_keeps_what_is_known_of_its_own():
    known = {"images": 310, "label_agreement": 1.0, "max_probability_difference": 5e-7, "tolerance": 1e-4}

    gate = reference_gate(known, row("pruned-float32", network="pruned"))

    assert known.items() <= gate.items()
    assert gate["images_per_s"] == 100.0


@pytest.mark.parametrize("apart, state", [(5e-7, "verified"), (0.1, "not verified")])
def test_an_export_is_verified_by_the_numbers_on_record(tiles, found, apart, state):
    gate = {"images": 310, "label_agreement": 1.0, "max_probability_difference": apart, "tolerance": 1e-4}
    variant = tiles.sealed.variants["float32"].model_copy(update={"gate": gate})
    object.__setattr__(tiles, "sealed", tiles.sealed.model_copy(update={"variants": {"float32": variant}}))

    assert states(tiles, found)["ONNX export matches the network within tolerance"][0] == state


def test_a_baseline_on_record_is_verified(tiles, found):
    manifest = tiles.sealed
    metrics = {
        "test": {"macro_f1": 0.9, "images": 310},
        "baseline:majority": {"macro_f1": 0.1, "images": 310},
    }
    object.__setattr__(tiles, "manifest", manifest.model_copy(update={"metrics": metrics}))

    lines = states(tiles, found)

    assert lines["A baseline was measured"] == (
        "verified",
        "macro_f1 0.900 on test; the most common answer 0.100.",
    )


def test_the_page_is_remade_from_the_table_in_the_bundle(known, pictures, tmp_path):
    first, again = tmp_path / "first.html", tmp_path / "again.html"
    options = ["--no-int8", "--batch", "1", "--out", str(tmp_path / "fast"), "--report", str(first)]
    done = CliRunner().invoke(app, ["optimize", str(known), str(pictures), *options])
    assert done.exit_code == 0, done.output

    CliRunner().invoke(
        app, ["optimize", str(tmp_path / "fast"), "--report", str(again)], catch_exceptions=False
    )

    assert again.read_text(encoding="utf-8") == first.read_text(encoding="utf-8")


def test_a_bundle_without_a_table_and_without_data_is_an_error(bundle, tmp_path):
    result = CliRunner().invoke(app, ["optimize", str(bundle), "--report", str(tmp_path / "page.html")])

    assert isinstance(result.exception, InputError)
    assert "has no variants.json" in str(result.exception)


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_measured(known, pictures, tmp_path):
    place = tmp_path / "nowhere" / "page.html"

    result = CliRunner().invoke(app, ["optimize", str(known), str(pictures), "--report", str(place)])

    assert isinstance(result.exception, InputError)
    assert "must name a file in a folder that is there" in str(result.exception)
