"""The metrics of several processes, added up."""

import asyncio

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from sightline.monitoring import ServiceMetrics
from sightline.serving.merged_metrics import Siblings, merge


def values(families):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def counted(requests, ready, seconds):
    metrics = ServiceMetrics("1")
    metrics.ready.set(ready)
    for _ in range(requests):
        metrics.count_request("/v1/predict", 200, seconds, trace="0af7651916cd43dd8448eb211c80319c")
    return metrics


def as_text(metrics):
    return metrics.render("application/openmetrics-text")[0].decode()


def test_counts_and_histograms_add_up_and_readiness_is_the_least():
    texts = [as_text(counted(2, 1, 0.002)), as_text(counted(3, 0, 0.2))]

    found = values(merge(texts))

    route = ("route", "/v1/predict")
    buckets = "sightline_http_request_duration_seconds_bucket"
    assert found["sightline_http_requests_total", (route, ("status", "200"))] == 5
    assert found[buckets, (("le", "0.0025"), route, ("status", "2xx"))] == 2
    assert found[buckets, (("le", "+Inf"), route, ("status", "2xx"))] == 5
    assert found["sightline_ready", ()] == 0


def test_what_names_something_stays_one_and_what_says_since_when_is_the_earliest():
    texts = []
    for since in (5.0, 3.0):
        registry = CollectorRegistry()
        info = Gauge("sightline_model_info", "Names.", ["model"], registry=registry)
        info.labels("tiles").set(1)
        Gauge("process_start_time_seconds", "Since when.", registry=registry).set(since)
        Gauge("sightline_images_in_flight", "Now.", registry=registry).set(since)
        texts.append(generate_latest(registry).decode())

    found = values(merge(texts))

    assert found["sightline_model_info", (("model", "tiles"),)] == 1
    assert found["process_start_time_seconds", ()] == 3
    assert found["sightline_images_in_flight", ()] == 8


def test_the_sum_comes_in_either_format_with_traces_beside_buckets(tmp_path):
    async def ask(accept):
        siblings = [Siblings(counted(2, 1, 0.002), tmp_path, number, 2) for number in range(2)]
        async with siblings[0].answering(), siblings[1].answering():
            return await siblings[0].render(accept)

    text, kind = asyncio.run(ask(""))
    assert kind.startswith("text/plain")
    assert b'sightline_http_requests_total{route="/v1/predict",status="200"} 4.0\n' in text
    assert b"sightline_workers_left_out 0.0\n" in text

    text, kind = asyncio.run(ask("application/openmetrics-text"))
    assert kind.startswith("application/openmetrics-text")
    assert b'# {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.002' in text
    assert text.endswith(b"# EOF\n")


def test_one_that_is_gone_and_one_that_is_stuck_are_left_out_and_counted(tmp_path):
    async def ask():
        alive = Siblings(counted(2, 1, 0.002), tmp_path, 0, 3)
        done = asyncio.Event()

        async def never(_reader, writer):
            await done.wait()
            writer.close()

        stuck = await asyncio.start_unix_server(never, tmp_path / "1.sock")
        async with alive.answering():
            text, _ = await alive.render("")
        done.set()
        stuck.close()
        return text

    text = asyncio.run(ask())

    assert b'sightline_http_requests_total{route="/v1/predict",status="200"} 2.0\n' in text
    assert b"sightline_workers_left_out 2.0\n" in text
