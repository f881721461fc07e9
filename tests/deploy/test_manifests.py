"""What `deploy/` starts can be started: its options exist, its addresses answer, and nothing runs as root."""

import json
import re
from pathlib import Path

import pytest
import typer
import yaml

import sightline
from sightline.cli.main import app

DEPLOY = Path(__file__).parents[2] / "deploy"
CLUSTER = DEPLOY / "kubernetes"


def read(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def dockerfile(instruction):
    found = re.findall(rf"^\s*{instruction} (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert found, instruction
    return found[-1]


def pod():
    return read("kubernetes/deployment.yaml")["spec"]["template"]["spec"]


def runtime():
    return read("kserve/serving-runtime.yaml")["spec"]


COMMANDS = {
    "Dockerfile": json.loads(dockerfile("CMD")),
    "compose": read("compose.yaml")["services"]["sightline"]["command"],
    "kubernetes": pod()["containers"][0]["args"],
    "kserve": runtime()["containers"][0]["args"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_exists_and_takes_its_value(name):
    command, *arguments = COMMANDS[name]
    serve = typer.main.get_command(app).commands[command]

    parameters = serve.make_context(command, list(arguments)).params

    assert parameters["host"] == "0.0.0.0"
    assert parameters["port"] in (8000, 8080)


def test_ports_and_probes_are_those_of_the_command():
    for container, port in ((pod()["containers"][0], 8000), (runtime()["containers"][0], 8080)):
        (listed,) = container["ports"]
        assert listed["containerPort"] == port
        assert container["args"][container["args"].index("--port") + 1] == str(port)
        for probe, path in (
            ("startupProbe", "/readyz"),
            ("readinessProbe", "/readyz"),
            ("livenessProbe", "/livez"),
        ):
            assert container[probe]["httpGet"]["path"] == path
            assert container[probe]["httpGet"]["port"] in (port, listed.get("name"))
    assert read("prometheus/prometheus.yaml")["scrape_configs"][0]["static_configs"][0]["targets"] == [
        "sightline:8000"
    ]


def test_a_pod_has_time_to_answer_what_is_in_flight():
    from sightline.serving import ServerSettings

    waits_s = pod()["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pod()["terminationGracePeriodSeconds"] > waits_s + ServerSettings().drain_timeout_s


def test_nothing_runs_as_root_or_writes_to_its_image():
    container, knative = (
        pod()["containers"][0]["securityContext"],
        runtime()["containers"][0]["securityContext"],
    )
    for context in (container, knative):
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"]["drop"] == ["ALL"]
    assert pod()["securityContext"]["runAsNonRoot"]
    assert knative["runAsNonRoot"]
    assert dockerfile("USER") == "10001:10001"
    for service in read("compose.yaml")["services"].values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["mem_limit"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_image_starts_without_a_shell_and_has_what_the_build_needs():
    text = (DEPLOY / "Dockerfile").read_text()
    root = DEPLOY.parent
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE):
        for name in line.split():
            assert (root / name).exists(), name
            assert f"!{name}\n" in (root / ".dockerignore").read_text()

    assert json.loads(dockerfile("ENTRYPOINT")) == ["sightline"]
    assert json.loads(dockerfile("CMD"))[0] == "serve"
    extras = re.search(r"^ARG EXTRAS=(.*)$", text, re.MULTILINE)[1]
    assert extras == "serve"  # which brings no torch


def test_the_version_of_all_images_is_this_one():
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.is_file()]

    versions = {found for text in texts for found in re.findall(r"sightline:(\d+\.[\w.]*)", text)}

    assert versions == {sightline.__version__}
    assert read("kubernetes/kustomization.yaml")["images"][0]["newTag"] == sightline.__version__


def test_the_kustomization_names_files_that_exist_and_names_agree():
    resources = read("kubernetes/kustomization.yaml")["resources"]
    found = {name: read(f"kubernetes/{name}") for name in resources}
    labels = {"app.kubernetes.io/name": "sightline"}
    template = found["deployment.yaml"]["spec"]["template"]

    assert template["metadata"]["labels"] == labels
    assert found["service.yaml"]["spec"]["selector"] == labels
    assert found["disruption-budget.yaml"]["spec"]["selector"]["matchLabels"] == labels
    assert found["network-policy.yaml"]["spec"]["podSelector"]["matchLabels"] == labels
    assert (
        found["autoscaler.yaml"]["spec"]["scaleTargetRef"]["name"]
        == found["deployment.yaml"]["metadata"]["name"]
    )
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
    assert {mount["name"] for mount in template["spec"]["containers"][0]["volumeMounts"]} == set(volumes)
    assert volumes["keys"]["secret"]["secretName"] == found["secret.yaml"]["metadata"]["name"]
    claim = volumes["bundle"]["persistentVolumeClaim"]["claimName"]
    assert claim == found["bundle-claim.yaml"]["metadata"]["name"]


def test_the_inference_service_asks_for_the_runtime_that_there_is():
    model = read("kserve/inference-service.yaml")["spec"]["predictor"]["model"]

    assert model["runtime"] == read("kserve/serving-runtime.yaml")["metadata"]["name"]
    assert model["modelFormat"]["name"] == runtime()["supportedModelFormats"][0]["name"]
    assert model["protocolVersion"] in runtime()["protocolVersions"]
