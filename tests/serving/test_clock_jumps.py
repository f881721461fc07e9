"""A wall clock that jumps by hours under a server: keys expire by it, and nothing else changes."""

import time
from datetime import UTC, datetime, timedelta

import httpx

from pictures import encode, gradient
from servers import hosted
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model
from sightline.serving.security import SecuritySettings, add_key

PICTURE, HOUR_S = encode(gradient()), 3600


def test_a_clock_that_jumps_moves_expiry_and_nothing_else(bundle, tmp_path, monkeypatch):
    keys, right = tmp_path / "keys.json", time.time
    usual = add_key(keys, "usual", ["predict"])
    brief = add_key(keys, "brief", ["predict"], expires_at=datetime.now(UTC) + timedelta(hours=1))
    slow = add_key(keys, "slow", ["predict"], rate_per_s=0.01, burst=1)
    settings = ServerSettings(threads=1, security=SecuritySettings(api_keys=keys))

    found = []
    with (
        hosted(Service([open_model(bundle, settings)], settings)) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):

        def ask(token, **headers):
            return client.post("/v1/predict", content=PICTURE, headers={"x-api-key": token, **headers})

        assert ask(slow).status_code == 200
        for hours in (0, 6, -6, 0):
            monkeypatch.setattr(time, "time", lambda hours=hours: right() + hours * HOUR_S)
            kept = ask(usual, **{"idempotency-key": "a", "x-request-timeout-ms": "30000"})
            limited = ask(slow)
            assert 0 < int(limited.headers["retry-after"]) <= 100
            found.append((kept.status_code, kept.json()["id"], ask(brief).status_code, limited.status_code))

    first = found[0][1]
    assert found == [(200, first, 401 if hours == 6 else 200, 429) for hours in (0, 6, -6, 0)]
