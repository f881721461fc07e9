"""What a caller that is not let in is told stands in the OpenAPI document."""

import httpx

from servers import running
from sightline.serving.security import add_key, scope_of


def test_where_a_key_is_needed_the_document_says_so(bundle, tmp_path):
    keys = tmp_path / "keys.json"
    token = add_key(keys, "reader", ["read"])

    with running(bundle, "--threads", "1", "--api-keys", str(keys)) as server:
        paths = httpx.get(f"{server.url}/openapi.json", headers={"x-api-key": token}).json()["paths"]

    guarded = {
        f"{method} {path}": operation["responses"].keys()
        for path, methods in paths.items()
        for method, operation in methods.items()
        if scope_of(method.upper(), path) is not None
    }
    assert "get /v1/models" in guarded
    assert {what for what, known in guarded.items() if not known >= {"401", "403", "429"}} == set()
