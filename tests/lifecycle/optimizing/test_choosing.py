import pytest

from sightline.inference.measuring import Footprint, Speed, Throughput
from sightline.lifecycle.optimizing import Gate, Row, Wanted
from sightline.lifecycle.optimizing.choosing import settle
from sightline.records import Estimate


def gate(objections=()):
    nothing = Estimate(value=0.0, low=-0.01, high=0.01, method="bootstrap")
    return Gate(
        images=300, units=300, accuracy=0.9, drop=nothing, label_agreement=1.0, mean_probability_difference=0.0,
        max_probability_difference=0.0, worst_class=None, worst_recall_change=None, calibration_error=0.01,
        reference_calibration_error=0.01, golden=0.01, objections=objections,
    )  # fmt: skip


def row(name, ratio, *, least=None, p95=10.0, size=8.0, accuracy=0.9, objections=(), role="refused"):
    return Row(
        name=name, runtime="onnxruntime", precision="float32", how="", size_mb=size,
        gate=None if role == "reference" else gate(objections), accuracy=accuracy, test=None,
        speeds=(Speed(batch_size=1, threads=1, p50_ms=p95 / 2, p95_ms=p95, ratio=ratio),),
        throughput=Throughput(
            by_session_per_core=100 * ratio, by_all_cores=80 * ratio, ratio=ratio, least_ratio=least or ratio
        ),
        footprint=Footprint(start_s=1.0, memory_mib=100.0), role=role,
    )  # fmt: skip


REFERENCE = row("float32", 1.0, role="reference")


def test_the_fastest_of_those_that_are_as_good_serves():
    rows = [REFERENCE, row("slow", 1.3), row("fast", 3.0), row("wrong", 9.0, objections=("accuracy falls",))]

    settled, chosen, _ = settle(rows, Wanted())

    assert chosen == "fast"
    assert [one.role for one in settled] == ["reference", "kept", "kept", "refused"]
    assert settled[3].reasons == ("accuracy falls",)


def test_what_gains_nothing_is_refused_with_that_reason_and_the_reference_serves():
    settled, chosen, _ = settle([REFERENCE, row("int8", 0.97)], Wanted())

    assert chosen == "float32"
    assert settled[1].reasons == ("not faster: 0.97 times the reference, 1.1 are asked for",)


def test_a_gain_that_two_rounds_did_not_show_is_refused_as_not_sure():
    settled, chosen, _ = settle([REFERENCE, row("ov", 1.13, least=0.91)], Wanted())

    assert chosen == "float32"
    assert settled[1].reasons == (
        "not surely faster: 1.13 times the reference, but 0.91 in two of the rounds",
    )


def test_where_nothing_keeps_the_limits_the_closest_miss_is_named():
    rows = [REFERENCE, row("near", 3.0, p95=6.0), row("wrong", 9.0, p95=1.0, objections=("accuracy falls",))]

    settled, chosen, missed = settle(rows, Wanted(max_latency_ms=5.0))

    assert chosen is None
    assert missed == "'near' comes closest: 6.0 ms (p95, one picture) where 5 are allowed"
    assert settled[1].role == "refused"


@pytest.mark.parametrize("limit", [{"max_size_mb": 5.0}, {"max_latency_ms": 7.0}], ids=["size", "latency"])
def test_a_limit_chooses_a_slower_variant_that_keeps_it(limit):
    rows = [REFERENCE, row("large", 5.0, p95=9.0, size=9.0), row("small", 2.0, p95=6.0, size=3.0)]

    _, chosen, _ = settle(rows, Wanted(**limit))

    assert chosen == "small"


def test_the_front_has_what_nothing_else_beats_in_all_three():
    rows = [
        REFERENCE,
        row("beaten", 1.5, accuracy=0.89, size=8.0),
        row("faster", 2.0, accuracy=0.9, size=8.0),
        row("smaller", 1.2, accuracy=0.9, size=2.0),
        row("wrong", 9.0, accuracy=0.99, objections=("recall falls",)),
    ]

    settled, _, _ = settle(rows, Wanted())

    assert [one.name for one in settled if one.on_front] == ["faster", "smaller"]
