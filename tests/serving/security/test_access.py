"""Keys, scopes and rates, each through a real server and a real client."""

import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pictures import encode, gradient
from servers import running
from sightline.serving.security import add_key, revoke_key

PICTURE = encode(gradient())
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


class Keys:
    def __init__(self, file):
        self.file = file
        self.of = {
            "both": add_key(file, "both", ["predict", "read"]),
            "reader": add_key(file, "reader", ["read"]),
            "sender": add_key(file, "sender", ["predict"]),
            "admin": add_key(file, "admin", ["admin"]),
            "slow": add_key(file, "slow", ["predict"], rate_per_s=0.5, burst=3),
            "old": add_key(file, "old", ["predict"], expires_at=datetime.now(UTC) - timedelta(seconds=1)),
            "urgent": add_key(file, "urgent", ["predict"], urgent=True),
        }

    def bearer(self, name):
        return {"authorization": f"Bearer {self.of[name]}"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="module")
def server(bundle, keys):
    with running(bundle, "--threads", "1", "--api-keys", str(keys.file)) as started:
        yield started


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as opened:
        yield opened


def test_health_is_open_and_the_rest_is_not(client):
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200
    for path in ("/metrics", "/v1/model", "/v1/models", "/docs", "/openapi.json", "/nowhere"):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized"), path
        assert refused.headers["www-authenticate"] == 'Bearer realm="sightline"'
    assert client.get("/v2/models/tiles").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer sl_" + "A" * 43},
        {"x-api-key": "sl_" + "A" * 43},
        {"authorization": "Basic c2w6c2w="},
        {"authorization": "Bearer a.b.c"},
        {"x-api-key": "é" * 20},
    ],
    ids=["none", "empty", "wrong", "wrong by the other header", "basic", "a token", "no ASCII"],
)
def test_nobody_known_sends_no_picture(client, headers):
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}

    refused = client.post("/v1/predict", content=PICTURE, headers=encoded)

    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
    assert "bearer" in refused.headers["www-authenticate"].lower()
    assert "label" not in refused.text


def test_a_header_with_nothing_in_it_is_none(client):
    refused = client.post("/v1/predict", content=PICTURE, headers={"authorization": ""})

    assert refused.headers["www-authenticate"] == 'Bearer realm="sightline"'


def test_a_key_comes_by_either_header(client, keys):
    for headers in (keys.bearer("both"), {"x-api-key": keys.of["both"]}):
        assert client.post("/v1/predict", content=PICTURE, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "name, method, path, status",
    [
        ("both", "POST", "/v1/predict", 200),
        ("both", "GET", "/v1/models", 200),
        ("reader", "GET", "/metrics", 200),
        ("reader", "POST", "/v1/predict", 403),
        ("reader", "POST", "/v1/embed", 403),
        ("sender", "POST", "/v1/embed", 200),
        ("sender", "GET", "/v1/model", 403),
        ("admin", "POST", "/v1/predict", 403),
        ("admin", "GET", "/metrics", 403),
        ("both", "POST", "/v2/repository/models/tiles/unload", 404),
    ],
)
def test_a_scope_opens_its_routes_and_no_other(client, keys, name, method, path, status):
    content = PICTURE if method == "POST" else None

    answer = client.request(method, path, content=content, headers=keys.bearer(name))

    assert answer.status_code == status
    if status == 403:
        wanted = "predict" if method == "POST" else "read"
        assert f'error="insufficient_scope", scope="{wanted}"' in answer.headers["www-authenticate"]
        assert answer.json()["error"]["code"] == "forbidden"


def test_an_expired_key_is_told_so(client, keys):
    refused = client.post("/v1/predict", content=PICTURE, headers=keys.bearer("old"))

    assert refused.status_code == 401
    assert "'old' has expired" in refused.json()["error"]["message"]


def test_a_key_is_revoked_and_another_made_without_a_restart(client, keys):
    token = add_key(keys.file, "brief", ["predict"])
    headers = {"x-api-key": token}

    def status():
        return client.post("/v1/predict", content=PICTURE, headers=headers).status_code

    def wait_for(wanted):
        deadline = time.monotonic() + 60
        while status() != wanted:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    wait_for(200)
    revoke_key(keys.file, "brief")
    wait_for(401)


def test_beyond_its_rate_a_key_waits_and_the_others_do_not(client, keys):
    headers = keys.bearer("slow")
    answers = [client.post("/v1/predict", content=PICTURE, headers=headers) for _ in range(4)]
    refused = answers[-1]

    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    wait_s = int(refused.headers["retry-after"])
    assert 1 <= wait_s <= 2
    assert client.post("/v1/predict", content=PICTURE, headers=keys.bearer("both")).status_code == 200

    time.sleep(wait_s)
    assert client.post("/v1/predict", content=PICTURE, headers=headers).status_code == 200


def test_each_picture_of_a_form_counts_for_the_rate(client, keys):
    token = add_key(keys.file, "forms", ["predict"], rate_per_s=0.01, burst=4)
    headers = {"x-api-key": token}
    time.sleep(1.2)

    first = client.post("/v1/predict", files=[("file", ("a.png", PICTURE))] * 4, headers=headers)
    second = client.post("/v1/predict", content=PICTURE, headers=headers)

    assert (first.status_code, second.status_code) == (200, 429)


def test_keys_take_turns_whatever_each_has_in_the_line(client, server, keys):
    large = encode(gradient(3000, 2000), "PNG", compress_level=1)
    done = []

    def send(name):
        answer = httpx.post(f"{server.url}/v1/predict", content=large, headers=keys.bearer(name), timeout=300)
        done.append((name, answer.status_code))

    greedy = [threading.Thread(target=send, args=("both",)) for _ in range(10)]
    for thread in greedy:
        thread.start()
    deadline = time.monotonic() + 60
    while "images_in_flight 10.0" not in client.get("/metrics", headers=keys.bearer("reader")).text:
        assert time.monotonic() < deadline
        assert len(done) < 5, "the pictures are decoded too fast for this test"
    modest = threading.Thread(target=send, args=("sender",))
    modest.start()
    for thread in (*greedy, modest):
        thread.join(300)

    assert {status for _, status in done} == {200}
    assert done.index(("sender", 200)) < 10, "the one of the modest key came last"


def test_every_answer_tells_a_browser_to_be_careful(client, keys):
    answers = [
        client.get("/livez"),
        client.get("/v1/model"),
        client.post("/v1/predict", content=PICTURE, headers=keys.bearer("both")),
        client.post("/v1/predict", content=b"", headers=keys.bearer("both")),
        client.get("/nowhere", headers=keys.bearer("reader")),
    ]

    for answer in answers:
        assert SAFE.items() <= dict(answer.headers).items()
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers


def test_the_docs_page_may_load_its_own_files_only(client, keys):
    policy = client.get("/docs", headers=keys.bearer("reader")).headers["content-security-policy"]

    assert policy.startswith("default-src 'none'")
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_those_sent_away_are_counted_and_no_key_is_logged(client, server, keys):
    wrong = "sl_" + "B" * 43
    client.post("/v1/predict", content=PICTURE, headers={"x-api-key": wrong})

    text = client.get("/metrics", headers=keys.bearer("reader")).text

    for reason in ("missing", "unknown", "forbidden"):
        client.post("/v1/predict", headers={} if reason == "missing" else {"x-api-key": wrong})
    assert 'sightline_denied_total{reason="unknown"}' in text
    time.sleep(0.2)
    log = "".join(server.log)
    assert "unauthorized (unknown)" in log
    assert not any(token in log for token in (wrong, *keys.of.values()))
