"""Asking a server that wants to know who asks, over TLS of an authority of its own."""

import os
import subprocess
import sys

import pytest

from bundles import LABELS
from certificates import Place
from pictures import encode, gradient
from servers import running
from sightline.errors import InputError
from sightline.inference import load
from sightline.lifecycle import RemoteServer
from sightline.lifecycle.remote import read_api_key
from sightline.lifecycle.server_agreement import require_same_model
from sightline.serving.security import add_key


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("remote") / "tls")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    return file, add_key(file, "auditor", ["read", "predict"]), add_key(file, "sender", ["predict"])


@pytest.fixture(scope="module")
def url(bundle, place, keys):
    options = ["--threads", "1", "--api-keys", keys[0], "--tls-cert", place.cert, "--tls-key", place.key]
    with running(bundle, *map(str, options), verify=place.trust()) as server:
        yield server.url


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "pictures"
    for index, label in enumerate(LABELS):
        (root / label).mkdir(parents=True)
        (root / label / "a.png").write_bytes(encode(gradient(30 + index, 50)))
    return root


def evaluate(bundle, pictures, *options, **environment):
    command = [sys.executable, "-m", "sightline", "evaluate", str(bundle), str(pictures), *map(str, options)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, env={**os.environ, **environment}
    )


def test_the_key_comes_from_a_file_or_the_environment_and_is_never_shown(
    bundle, pictures, url, place, keys, tmp_path
):
    _, key, _ = keys
    (tmp_path / "key").write_text(f"{key}\n")
    server = ("--server", url, "--ca", place.ca)
    out = tmp_path / "evaluation"

    by_file = evaluate(
        bundle,
        pictures,
        *server,
        "--api-key-file",
        tmp_path / "key",
        "--out",
        out,
        SIGHTLINE_API_KEY="sl_wrong",
    )
    by_environment = evaluate(bundle, pictures, *server, SIGHTLINE_API_KEY=key)
    wrong = evaluate(bundle, pictures, *server, SIGHTLINE_API_KEY="sl_wrong")

    assert (by_file.returncode, by_environment.returncode) == (0, 0), by_file.stderr + by_environment.stderr
    assert key not in by_file.stdout + by_file.stderr
    assert not [one for one in out.iterdir() if key.encode() in one.read_bytes()]
    assert wrong.returncode == 2
    assert "answers 401" in wrong.stderr
    assert "sl_wrong" not in wrong.stderr


@pytest.mark.parametrize(
    "which, words",
    [
        (None, r"answers 401 .*No key was sent\. Give one .* --api-key-file .* SIGHTLINE_API_KEY"),
        (
            2,
            r"answers 403 .* takes the scope 'read'.*not take the key that was sent.* scopes read and predict",
        ),
    ],
    ids=["no key", "too small a scope"],
)
def test_who_is_not_let_in_is_told_how_to_send_a_key(bundle, url, place, keys, which, words):
    key = None if which is None else keys[which]

    with pytest.raises(InputError, match=words):
        require_same_model(load(bundle), RemoteServer(url, key, place.ca))


def test_an_authority_is_needed_and_has_to_be_the_right_one(bundle, url, keys, tmp_path):
    predictor, key = load(bundle), keys[1]
    other = Place(tmp_path / "other")
    (tmp_path / "no.pem").write_text("no certificate")

    for wrong in (None, other.ca):
        with pytest.raises(InputError, match=r"CERTIFICATE_VERIFY_FAILED.* authority by --ca FILE"):
            require_same_model(predictor, RemoteServer(url, key, wrong))
    with pytest.raises(InputError, match=r"no\.pem' of --ca cannot be used"):
        require_same_model(predictor, RemoteServer(url, key, tmp_path / "no.pem"))
    with pytest.raises(InputError, match=r"give https://, or no --ca"):
        require_same_model(predictor, RemoteServer(url.replace("https", "http"), key, other.ca))


@pytest.mark.parametrize("content", [b"", b"two secrets", b"sec\nret", b"\xff\xfe"])
def test_a_file_without_a_key_is_named_and_not_quoted(tmp_path, content):
    file = tmp_path / "key"
    file.write_bytes(content)

    with pytest.raises(InputError, match=str(file)) as raised:
        read_api_key(file)

    assert "sec" not in str(raised.value).replace(str(file), "")
    with pytest.raises(InputError, match="No such file"):
        read_api_key(tmp_path / "none")


@pytest.mark.parametrize("option", ["--api-key-file", "--ca"])
def test_what_is_for_a_server_needs_one(bundle, pictures, option):
    told = evaluate(bundle, pictures, option, "x")

    assert told.returncode == 2
    assert f"{option} 'x' is for a server" in told.stderr


@pytest.mark.parametrize(
    "url, key, shown",
    [
        ("http://cameras.example:8000", "secret", True),
        ("http://cameras.example:8000", None, False),
        ("https://cameras.example", "secret", False),
        ("http://127.0.0.1:8000", "secret", False),
        ("http://[::1]:8000", "secret", False),
        ("http://[", "secret", False),
    ],
)
def test_whether_a_key_goes_unencrypted_over_a_network(url, key, shown):
    assert RemoteServer(url, key).shows_key is shown


def test_who_sends_a_key_unencrypted_is_warned_and_the_key_not_quoted(bundle, pictures):
    told = evaluate(bundle, pictures, "--server", "http://nowhere.invalid:1", SIGHTLINE_API_KEY="secret")

    assert "Warning: the key goes to http://nowhere.invalid:1 unencrypted" in told.stderr
    assert "secret" not in told.stderr


def test_a_key_is_in_no_representation():
    assert "secret" not in repr(RemoteServer("http://127.0.0.1", "secret"))
