"""TLS and mutual TLS, through a real server and a real client."""

import signal
import ssl
import subprocess
import sys
import time

import httpx
import pytest
import trustme

from certificates import Place
from pictures import encode, gradient
from servers import running
from sightline.errors import InputError
from sightline.serving.security import Tls, add_key
from sightline.serving.security.tls import peer_name

PICTURE = encode(gradient())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("tls") / "own")


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory):
    return tmp_path_factory.mktemp("tls") / "keys.json"


@pytest.fixture(scope="module")
def mutual(bundle, place, keys_file):
    token = add_key(keys_file, "operator", ["admin"])
    options = ["--tls-cert", place.cert, "--tls-key", place.key, "--tls-client-ca", place.ca]
    more = ["--client-scopes", "predict", "--api-keys", keys_file, "--control-port", "0"]
    with running(bundle, *map(str, options + more), verify=place.client("prober")) as started:
        yield started, token


def get_or_fail(url, context, **more):
    with httpx.Client(verify=context, timeout=60) as client:
        return client.post(f"{url}/v1/predict", content=PICTURE, **more)


def test_tls_is_spoken_new_enough_and_nothing_else(bundle, place):
    with running(
        bundle, "--tls-cert", str(place.cert), "--tls-key", str(place.key), verify=place.trust()
    ) as server:
        answer = get_or_fail(server.url, place.trust())
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            get_or_fail(server.url, ssl.create_default_context())
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url.replace("https", "http") + "/livez")
        old = place.trust()
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="deprecated"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(httpx.ConnectError):
            get_or_fail(server.url, old)
        weak = place.trust()
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("AES128-SHA256:AES256-SHA")  # no forward secrecy
        with pytest.raises(httpx.ConnectError):
            get_or_fail(server.url, weak)

    assert server.url.startswith("https://")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_client_is_known_by_its_certificate(mutual, place):
    server, _ = mutual

    sent = get_or_fail(server.url, place.client("line-3"))
    read = httpx.get(f"{server.url}/metrics", verify=place.client("line-3"), timeout=60)

    assert sent.status_code == 200
    assert read.status_code == 403
    assert "'cert:line-3' may not" in read.json()["error"]["message"]


@pytest.mark.parametrize("who", ["nobody", "a stranger", "an old one"])
def test_without_a_certificate_of_the_authority_nobody_connects(mutual, place, who):
    server, _ = mutual
    context = place.trust()
    if who == "a stranger":
        context = place.client("line-3", trustme.CA())
    elif who == "an old one":
        from datetime import UTC, datetime

        place.authority.issue_cert("x.example", not_after=datetime(2020, 1, 1, tzinfo=UTC)).configure_cert(
            context
        )

    with pytest.raises(httpx.TransportError):
        get_or_fail(server.url, context)


def test_a_key_says_more_than_the_certificate(mutual, place):
    server, token = mutual
    context = place.client("line-3")
    headers = {"x-api-key": token}

    assert get_or_fail(server.url, context, headers=headers).status_code == 403
    assert get_or_fail(server.url, context, headers={"x-api-key": "sl_wrong"}).status_code == 401
    index = httpx.post(f"{server.control}/v2/repository/index", verify=context, headers=headers, timeout=60)
    refused = httpx.post(f"{server.control}/v2/repository/index", verify=context, timeout=60)
    assert (index.status_code, refused.status_code) == (200, 403)


def test_a_new_certificate_is_shown_after_a_hang_up_and_a_broken_one_is_not(bundle, tmp_path):
    place = Place(tmp_path / "renewed")
    with running(
        bundle, "--tls-cert", str(place.cert), "--tls-key", str(place.key), verify=place.trust()
    ) as server:

        def shown():
            host, port = server.url.removeprefix("https://").split(":")
            return ssl.get_server_certificate((host, int(port)))

        first = shown()
        place.cert.write_text("no certificate")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "cannot be used with the key" in "".join(server.log))
        assert shown() == first

        place.issue()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: shown() != first)
        assert get_or_fail(server.url, place.trust()).status_code == 200


def wait_for(happened):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_key_of_another_certificate_is_refused_at_start(place, tmp_path):
    other = Place(tmp_path / "other")

    with pytest.raises(InputError, match="cannot be used with the key"):
        Tls(place.cert, other.key)
    with pytest.raises(InputError, match="There is no file"):
        Tls(place.cert, tmp_path / "none.pem")
    with pytest.raises(InputError, match="The authority .* cannot be read"):
        Tls(place.cert, place.key, place.key)


@pytest.mark.parametrize(
    "peer, name",
    [
        ({"subject": ((("organizationName", "x"),), (("commonName", "line-3"),))}, "line-3"),
        ({"subject": (), "subjectAltName": (("URI", "spiffe://plant/line-3"),)}, "spiffe://plant/line-3"),
        ({"subject": ((("commonName", "a\nb\x1b[1m"),),)}, "ab[1m"),
        ({"subject": ()}, None),
    ],
    ids=["common name", "alternative name", "control characters", "none"],
)
def test_a_certificate_has_a_name(peer, name):
    assert peer_name(peer) == name


@pytest.mark.parametrize(
    "options, words",
    [
        (["--host", "0.0.0.0"], "asks nobody who they are"),
        (["--host", "::"], "SIGHTLINE_INSECURE=1"),
        (["--control-port", "0"], "control plane is never open"),
        (["--tls-cert", "x.pem"], "give both --tls-cert and --tls-key"),
        (["--tls-client-ca", "x.pem"], "give --tls-cert and --tls-key, too"),
        (["--api-keys", "none.json"], "sightline apikeys add"),
        (["--jwt-issuer", "https://id.example"], "all of --jwt-issuer, --jwt-audience and --jwt-keys"),
        (["--client-scopes", "write"], "'write' is no scope"),
        (["--model-repository", "nowhere"], "no folder"),
        (["--allow-url-host", "http://images.example"], "not encrypted"),
        (["--audit-log", "/nowhere/audit.jsonl"], "audit log .* cannot be written"),
    ],
)
def test_what_does_not_fit_is_told_before_the_server_listens(bundle, options, words):
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", *options]

    refused = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)

    assert refused.returncode == 2, refused.stderr
    assert __import__("re").search(words, refused.stderr.replace("\n", " "))
    assert "Traceback" not in refused.stderr


def test_open_to_others_by_intention(bundle):
    with running(bundle, "--host", "0.0.0.0", "--insecure") as server:
        port = server.url.rpartition(":")[2]
        assert (
            httpx.post(f"http://127.0.0.1:{port}/v1/predict", content=PICTURE, timeout=60).status_code == 200
        )
