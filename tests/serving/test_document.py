"""What the OpenAPI document says and what the server does are one; `benchmarks.serving.documented` asks more."""

import httpx
import pytest

from servers import running


def test_every_answer_is_one_that_the_document_knows(bundle):
    pytest.importorskip("schemathesis")
    from benchmarks.serving.documented import ask

    with running(bundle, "--threads", "1") as server:
        done = ask(server.url, httpx.get(f"{server.url}/v1/model").json()["name"], examples=5, seed=1)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout


def test_the_examples_of_the_document_work_as_they_stand(bundle):
    with running(bundle, "--threads", "1") as server, httpx.Client(base_url=server.url) as client:
        name = client.get("/v1/model").json()["name"]
        statuses = {
            path: client.post(path.replace("{model}", name), json=content["example"]).status_code
            for path, methods in client.get("/openapi.json").json()["paths"].items()
            for content in methods.get("post", {}).get("requestBody", {}).get("content", {}).values()
            if "example" in content
        }

    assert statuses == dict.fromkeys(("/v1/predict", "/v1/embed", "/v2/models/{model}/infer"), 200)


def test_a_method_that_is_not_there_names_those_that_are(bundle):
    with running(bundle, "--threads", "1") as server:
        answers = {path: httpx.delete(f"{server.url}{path}") for path in ("/v2", "/v2/repository/index")}

    assert {path: answer.headers.get("allow") for path, answer in answers.items()} == {
        "/v2": "GET, HEAD",
        "/v2/repository/index": "POST",
    }
