"""What is counted, and how many series it makes."""

from types import SimpleNamespace

import pytest

from sightline.monitoring import ServiceMetrics
from sightline.records import Candidate, Prediction, Timings

TRACE = "0af7651916cd43dd8448eb211c80319c"


def bundle(labels=("crack", "good"), name="tiles"):
    manifest = SimpleNamespace(name=name, default_variant="float32", labels=tuple(labels))
    return SimpleNamespace(id="b" * 64, manifest=manifest)


def prediction(*labels, decision="accept"):
    return Prediction(
        id="p",
        bundle_id="b" * 64,
        task="multiclass",
        labels=labels,
        label=labels[0] if labels else "crack",
        probability=0.9,
        candidates=(Candidate(label="crack", probability=0.9),),
        decision=decision,
        reason="",
        outlier_score=2.0,
        timings=Timings(decode_ms=1, preprocess_ms=1, infer_ms=4, decide_ms=0),
    )


@pytest.fixture
def metrics():
    made = ServiceMetrics("1.0", most_labels=2)
    made.name_model("a", bundle())
    return made


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def samples(metrics, name):
    return [
        sample for family in metrics.registry.collect() for sample in family.samples if sample.name == name
    ]


def test_an_answer_counts_by_decision_and_under_each_of_its_labels(metrics):
    metrics.count_prediction("a", prediction("crack", "good", decision="review"))
    metrics.count_prediction("a", prediction(decision="review"))

    assert value(metrics, "sightline_decisions_total", model="a", decision="review") == 2
    for label in ("crack", "good", ""):
        assert value(metrics, "sightline_predictions_total", model="a", label=label, decision="review") == 1
    assert value(metrics, "sightline_confidence_count", model="a") == 2
    assert value(metrics, "sightline_outlier_score_sum", model="a") == 4
    assert value(metrics, "sightline_stage_seconds_sum", model="a", stage="infer") == pytest.approx(0.008)


def test_every_decision_begins_at_zero(metrics):
    for decision in ("accept", "review", "reject"):
        assert value(metrics, "sightline_decisions_total", model="a", decision=decision) == 0


def test_many_labels_are_counted_together(metrics):
    labels = [f"class {number}" for number in range(1000)]
    metrics.name_model("many", bundle(labels))

    for label in labels:
        metrics.count_prediction("many", prediction(label))

    counted = [
        one for one in samples(metrics, "sightline_predictions_total") if one.labels["model"] == "many"
    ]
    assert [(one.labels["label"], one.value) for one in counted] == [("*", 1000)]


def test_models_that_come_and_go_leave_no_series(metrics):
    before = sum(len(family.samples) for family in metrics.registry.collect())

    for number in range(5):
        name = f"model {number}"
        metrics.name_model(name, bundle())
        metrics.count_prediction(name, prediction("crack"))
        metrics.forget_model(name)
        metrics.count_prediction(name, prediction("crack"))  # of a request that had begun

    assert sum(len(family.samples) for family in metrics.registry.collect()) == before


def test_a_reload_keeps_the_counts_and_drops_labels_that_are_no_more(metrics):
    metrics.count_prediction("a", prediction("crack"))
    metrics.name_model("a", bundle())
    assert value(metrics, "sightline_predictions_total", model="a", label="crack", decision="accept") == 1

    metrics.name_model("a", bundle(("hole", "stain")))

    assert value(metrics, "sightline_predictions_total", model="a", label="crack", decision="accept") is None
    assert value(metrics, "sightline_decisions_total", model="a", decision="accept") == 1


def test_a_request_counts_by_status_and_its_time_by_class_of_status(metrics):
    metrics.count_request("/v1/predict", 200, 0.03, received=100)
    metrics.count_request("/v1/predict", 422, 0.001, received=5)

    assert value(metrics, "sightline_http_requests_total", route="/v1/predict", status="422") == 1
    name = "sightline_http_request_duration_seconds"
    assert value(metrics, f"{name}_bucket", route="/v1/predict", status="2xx", le="0.05") == 1
    assert value(metrics, f"{name}_bucket", route="/v1/predict", status="2xx", le="0.025") == 0
    assert value(metrics, "sightline_http_request_body_bytes_total") == 105


def test_openmetrics_names_the_trace_of_a_slow_request_and_plain_text_does_not(metrics):
    metrics.count_request("/v1/predict", 200, 0.3, trace=TRACE)

    plain, plain_type = metrics.render("*/*")
    openmetrics, its_type = metrics.render("application/openmetrics-text; version=1.0.0")

    assert TRACE not in plain.decode()
    assert (
        f'le="0.5",route="/v1/predict",status="2xx"}} 1.0 # {{trace_id="{TRACE}"}} 0.3'
        in openmetrics.decode()
    )
    assert (plain_type.split(";")[0], its_type.split(";")[0]) == (
        "text/plain",
        "application/openmetrics-text",
    )


def test_loads_and_dropped_lines_are_counted_from_zero(metrics):
    metrics.watch_log(lambda: 7)
    metrics.count_load(ok=False)

    assert value(metrics, "sightline_model_loads_total", result="failed") == 1
    assert value(metrics, "sightline_model_loads_total", result="ok") == 0
    assert value(metrics, "sightline_log_lines_dropped_total") == 7
