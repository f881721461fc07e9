import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bundles import reseal
from servers import running
from sightline.bundle import (
    EXPECTED_FILE,
    create_keys,
    pack_golden,
    read_bundle,
    read_signing_key,
    sign_bundle,
    signature_ids,
    signature_name,
    unpack_golden,
)

VARIABLE = "SIGHTLINE_KEY_PASSWORD"
NO_PASSWORD = {key: value for key, value in os.environ.items() if key != VARIABLE}


def sightline(*arguments, env=NO_PASSWORD, **options):
    command = [sys.executable, "-m", "sightline", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**env, "COLUMNS": "300"},
        **options,
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    create_keys(folder, "builder", None)
    create_keys(folder / "others", "stranger", None)
    return folder


@pytest.fixture
def signed(own_bundle, keys):
    sign_bundle(read_bundle(own_bundle), read_signing_key(keys / "builder.key", str))
    return own_bundle


def checks_of(result):
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_from_a_key_to_a_bundle_that_says_who_signed_it(own_bundle, tmp_path):
    env = {**os.environ, VARIABLE: "secret"}
    made = sightline("keys", "create", "builder", "--out", tmp_path / "keys", env=env)
    shown = sightline("keys", "show", tmp_path / "keys")
    first = sightline("sign", own_bundle, "--key", tmp_path / "keys" / "builder.key", env=env)
    again = sightline("sign", own_bundle, "--key", tmp_path / "keys" / "builder.key", "--json", env=env)
    verified = sightline("verify", own_bundle, "--trust", tmp_path / "keys", "--require-signature", "--json")

    assert [one.returncode for one in (made, shown, first, again, verified)] == [0] * 5
    key_id, name = shown.stdout.split()
    assert name == "builder"
    assert key_id in made.stdout
    assert signature_name(key_id) in first.stdout
    assert json.loads(again.stdout) == {"bundle": read_bundle(own_bundle).id, "key": key_id, "new": False}
    assert json.loads(verified.stdout)["signatures"] == [{"key": key_id, "signer": "builder"}]
    assert checks_of(verified)["signatures"]["outcome"] == "passed"
    assert key_id in sightline("show", own_bundle).stdout


def test_a_password_is_never_written_out_nor_taken_as_an_argument(tmp_path):
    env = {**os.environ, VARIABLE: "hunter2"}
    made = sightline("keys", "create", "builder", "--out", tmp_path, env=env)
    refused = sightline("keys", "create", "other", "--out", tmp_path, "--password", "x")

    assert "hunter2" not in made.stdout + made.stderr
    assert refused.returncode == 2
    assert not (tmp_path / "other.key").exists()


def test_without_a_terminal_the_variable_is_named(own_bundle, tmp_path):
    create_keys(tmp_path, "builder", "secret")

    for arguments in (("keys", "create", "new"), ("sign", own_bundle, "--key", tmp_path / "builder.key")):
        refused = sightline(*arguments, cwd=tmp_path)
        assert refused.returncode == 2
        assert VARIABLE in refused.stderr
    assert not (tmp_path / "new.key").exists()


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is needed")
def test_a_terminal_is_asked_twice_and_shows_nothing(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "sightline", "keys", "create", "builder", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=NO_PASSWORD)
    seen = b""
    try:
        for prompt in (b"Password of the key: ", b"confirmation: "):
            while not seen.endswith(prompt):
                assert select.select([ours], [], [], 60)[0], seen
                seen += os.read(ours, 1000)
            os.write(ours, b"secret\n")
        assert process.wait(60) == 0
    finally:
        process.kill()
    seen += os.read(ours, 1000)
    for end in (ours, theirs):
        os.close(end)

    assert b"secret" not in seen
    assert read_signing_key(tmp_path / "builder.key", lambda: "secret").public.name == "builder"


def test_a_wrong_password_signs_nothing(own_bundle, tmp_path):
    create_keys(tmp_path, "builder", "secret")

    refused = sightline(
        "sign", own_bundle, "--key", tmp_path / "builder.key", env={**os.environ, VARIABLE: "other"}
    )

    assert refused.returncode == 2
    assert "builder.key' cannot be opened: Incorrect password" in refused.stderr
    assert signature_ids(own_bundle) == ()


def test_what_does_not_verify_is_not_signed(own_bundle, tmp_path, keys):
    expected = unpack_golden((own_bundle / EXPECTED_FILE).read_bytes())
    expected.logits[:] += 1
    other = reseal(own_bundle, tmp_path / "other", {EXPECTED_FILE: pack_golden(expected)})
    (own_bundle / "model.onnx").write_bytes(b"another")

    for bundle, named in ((own_bundle, "model.onnx"), (other, "'golden: graph' failed")):
        refused = sightline("sign", bundle, "--key", keys / "builder.key")
        assert refused.returncode == 3
        assert named in refused.stderr
        assert not (bundle / "signatures").exists()


def test_verify_tells_unsigned_from_untrusted(bundle, signed, keys):
    unsigned = sightline("verify", bundle, "--trust", keys, "--json")
    untrusted = sightline("verify", signed, "--trust", keys / "others", "--json")
    unlooked = sightline("verify", signed)

    assert (unsigned.returncode, checks_of(unsigned)["signatures"]["outcome"]) == (0, "none")
    assert (untrusted.returncode, checks_of(untrusted)["signatures"]["outcome"]) == (0, "none")
    assert signature_ids(signed)[0] in checks_of(untrusted)["signatures"]["detail"]
    assert json.loads(untrusted.stdout)["signatures"] == [{"key": signature_ids(signed)[0], "signer": None}]
    assert (unlooked.returncode, "were not looked at" in unlooked.stdout) == (0, True)


def test_verify_that_requires_a_signature_runs_no_graph_without_it(bundle, keys):
    result = sightline("verify", bundle, "--trust", keys, "--require-signature", "--json")

    assert result.returncode == 3
    outcomes = {name: check["outcome"] for name, check in checks_of(result).items()}
    assert outcomes["files"] == "passed"
    assert outcomes["signatures"] == "failed"
    assert {outcomes["graph"], outcomes["golden: decode"]} == {"not run"}


@pytest.mark.parametrize("command", ["verify", "serve"])
def test_bad_keys_and_a_rule_without_keys_are_wrong_usage(signed, keys, tmp_path, command):
    public = rsa.generate_private_key(65537, 2048).public_key()
    (tmp_path / "rsa.pub").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for options, message in (
        (("--trust", keys / "builder.key"), "is a private key"),
        (("--trust", tmp_path / "rsa.pub"), "of the kind RSA, not Ed25519"),
        (("--trust", tmp_path / "absent.pub"), "There is no key"),
        (("--require-signature",), "no key is trusted"),
    ):
        refused = sightline(command, signed, *options)
        assert refused.returncode == 2, refused.stderr
        assert message in refused.stderr


def test_a_server_answers_by_a_bundle_that_is_signed(signed, keys):
    with running(signed, "--trust", str(keys / "builder.pub"), "--require-signature") as server:
        assert server.process.poll() is None


@pytest.mark.parametrize("variant", ["auto", "float32"])
@pytest.mark.parametrize("case", ["unsigned", "stranger", "forged"])
def test_a_server_refuses_before_any_graph_is_opened(own_bundle, tmp_path, keys, case, variant):
    """The graph is none, so that opening it would be another error; the manifest fits it."""
    broken = reseal(own_bundle, tmp_path / "broken", {"model.onnx": b"no graph"})
    if case == "stranger":
        sign_bundle(read_bundle(broken), read_signing_key(keys / "others" / "stranger.key", str))
    if case == "forged":
        sign_bundle(read_bundle(own_bundle), read_signing_key(keys / "builder.key", str))
        shutil.copytree(own_bundle / "signatures", broken / "signatures")
    options = ["--port", "0", "--variant", variant, "--trust", keys]
    required = [] if case == "forged" else ["--require-signature"]

    refused = sightline("serve", broken, *options, *required)

    said = {"unsigned": "signed by nobody", "stranger": "only. Trusted:", "forged": "is no signature of this"}
    assert refused.returncode == 3
    assert said[case] in refused.stderr
    assert "model.onnx" not in refused.stderr


def test_the_error_has_a_code_of_its_own():
    from sightline.errors import BundleError, BundleUntrusted

    assert issubclass(BundleUntrusted, BundleError)
    assert (BundleUntrusted.code, BundleUntrusted.exit_code) == ("bundle_untrusted", 3)


@pytest.mark.skipif(shutil.which("openssl") is None or shutil.which("sha256sum") is None, reason="no openssl")
def test_openssl_verifies_a_bundle_by_hand_as_the_docs_say(signed, keys, tmp_path):
    documented = (Path(__file__).parents[2] / "docs" / "signing.md").read_text()
    (lines,) = re.findall(r"```sh\n(set -eu\n.*?)```", documented, re.DOTALL)
    signed.rename(tmp_path / "bundle")
    shutil.copy(keys / "builder.pub", tmp_path)

    def by_hand():
        return subprocess.run(["sh", "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=False)

    good = by_hand()
    manifest = tmp_path / "bundle" / "bundle.json"
    manifest.write_text(manifest.read_text().replace('"crack"', '"creak"'))
    changed = by_hand()

    assert (good.returncode, good.stdout.strip()) == (0, "Signature Verified Successfully"), good.stderr
    assert "Signature Verification Failure" in changed.stdout + changed.stderr
    assert changed.returncode != 0
