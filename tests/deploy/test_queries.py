"""Every metric and every label that a dashboard or an alert asks for is one that a running server shows."""

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from bundles import make_bundle, outlier_rule
from pictures import encode, gradient
from servers import running
from sightline.records import DecisionRule
from sightline.serving.security.keys import add_key

DEPLOY = Path(__file__).parents[2] / "deploy"
PICTURE = encode(gradient())
OF_PROMETHEUS = {"job", "instance", "namespace", "pod", "le"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def alerts():
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard():
    return json.loads((DEPLOY / "grafana/sightline.json").read_text())


def queries():
    found = [(rule["alert"], rule["expr"]) for rule in alerts()]
    for panel in dashboard()["panels"]:
        found += [(panel["title"], target["expr"]) for target in panel.get("targets", [])]
    found += [(note["name"], note["expr"]) for note in dashboard()["annotations"]["list"]]
    found += [
        (one["name"], one["definition"]) for one in dashboard()["templating"]["list"] if "definition" in one
    ]
    metric = yaml.safe_load((DEPLOY / "kubernetes/autoscaler.yaml").read_text())["spec"]["metrics"][0]
    found.append(("autoscaler", metric["pods"]["metric"]["name"]))
    rule = yaml.safe_load((DEPLOY / "kubernetes/adapter-rule.yaml").read_text())["rules"]["custom"][0]
    found.append(("adapter", rule["seriesQuery"]))
    return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The labels of each sample that a server shows after all kinds of requests; None: none has been there yet."""
    rule = DecisionRule(outliers=outlier_rule())
    bundle = make_bundle(tmp_path_factory.mktemp("deploy") / "tiles", decision=rule, outliers=outlier_rule())
    keys = bundle.with_name("keys.json")
    token = add_key(keys, "tests", ["predict", "read"])
    with (
        running(bundle, "--threads", "1", "--api-keys", str(keys)) as server,
        httpx.Client(base_url=server.url, headers={"x-api-key": token}, timeout=60) as client,
    ):
        for body in (PICTURE, b""):
            client.post("/v1/predict", content=body)
        httpx.post(f"{server.url}/v1/predict", content=PICTURE)
        text = client.get("/metrics").text
    found = {}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        for suffix in SUFFIXES.get(kind, ("",)):
            found[name + suffix] = None
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        found[name] = (found[name] or set()) | set(re.findall(r'(\w+)="', labels))
    return found


def metrics_in(query):
    """(metric, names of labels in its braces) of a query."""
    plain = re.sub(r"\[[^\]]*\]", "", query)
    return [
        (name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels)))
        for name, labels in re.findall(r"\b((?:sightline|process|python)_\w+)(?:\{([^}]*)\})?", plain)
    ]


@pytest.mark.parametrize("where, query", queries(), ids=[name for name, _ in queries()])
def test_what_is_asked_for_is_there(shown, where, query):
    asked = metrics_in(query)

    assert asked or where == "SightlineDown"
    for name, labels in asked:
        assert name in shown, f"{where} asks for {name}, which no server has"
        assert labels <= shown[name] | OF_PROMETHEUS, f"{where}: {name} has the labels {shown[name]}"


def test_what_is_grouped_by_is_a_label_of_what_is_asked_for(shown):
    for where, query in queries():
        known = OF_PROMETHEUS.union(*(shown[name] for name, _ in metrics_in(query)))
        for group in re.findall(r"(?:by|ignoring|on) \(([^)]*)\)", query):
            assert {one.strip() for one in group.split(",")} <= known, where


def test_every_alert_waits_and_says_what_it_is_and_what_to_do():
    names = [rule["alert"] for rule in alerts()]

    assert len(names) == len(set(names)) >= 12
    for rule in alerts():
        assert rule["for"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert {"summary", "runbook"} <= set(rule["annotations"]), rule["alert"]


def test_panels_have_titles_and_do_not_lie_on_one_another():
    panels = dashboard()["panels"]
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["title"]
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
