"""Key files and the rate of a key, without a server."""

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

from sightline.errors import InputError, Unauthorized
from sightline.serving.security import add_key, read_keys, revoke_key
from sightline.serving.security.buckets import Bucket
from sightline.serving.security.key_ring import KeyRing


def test_a_file_holds_hashes_and_is_for_its_owner(tmp_path):
    file = tmp_path / "keys.json"

    token = add_key(file, "line-3", ["read", "predict"], rate_per_s=5, urgent=True)

    (key,) = read_keys(file).keys
    assert token.startswith("sl_")
    assert len(token) == 46
    assert token not in file.read_text()
    assert (key.name, key.scopes, key.rate_per_s, key.urgent) == ("line-3", ("predict", "read"), 5, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "two words", "../x", "a" * 65, "line\n3"])
def test_a_name_is_one_word(tmp_path, name):
    with pytest.raises(InputError, match="No key can be made with name"):
        add_key(tmp_path / "keys.json", name, ["read"])


def test_a_name_is_taken_once_and_revoked_by_name(tmp_path):
    file = tmp_path / "keys.json"
    add_key(file, "a", ["read"])

    with pytest.raises(InputError, match="There is a key 'a' already"):
        add_key(file, "a", ["read"])
    with pytest.raises(InputError, match="There is no key 'b' in .* There are: 'a'."):
        revoke_key(file, "b")
    revoke_key(file, "a")

    assert read_keys(file).keys == ()


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "is damaged"),
        ('{"version": 2, "keys": []}', "version: Input should be 1"),
        ('{"keys": [{"name": "a", "key": "sl_x"}]}', "keys.0.sha256: Field required"),
    ],
    ids=["no JSON", "another version", "a plain key"],
)
def test_a_damaged_file_is_told(tmp_path, content, words):
    file = tmp_path / "keys.json"
    file.write_text(content)

    with pytest.raises(InputError, match=words):
        read_keys(file)


def test_a_file_that_anybody_may_write_is_refused(tmp_path):
    file = tmp_path / "keys.json"
    add_key(file, "a", ["read"])
    file.chmod(0o606)

    with pytest.raises(InputError, match="chmod 600"):
        read_keys(file)


def test_two_keys_of_one_name_are_refused(tmp_path):
    file = tmp_path / "keys.json"
    add_key(file, "a", ["read"])
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "keys": content["keys"] * 2}))

    with pytest.raises(InputError, match="name 'a' is there 2 times"):
        read_keys(file)


def test_a_ring_tells_the_known_the_unknown_and_the_expired(tmp_path):
    file = tmp_path / "keys.json"
    now = datetime.now(UTC)
    good = add_key(file, "good", ["predict"], expires_at=now + timedelta(hours=1))
    old = add_key(file, "old", ["predict"], expires_at=now - timedelta(seconds=1))
    ring = KeyRing(file)

    assert ring.find(good.encode()).name == "good"
    for token, reason in ((old, "expired"), (good[:-1], "unknown"), ("", "unknown"), ("x" * 9999, "unknown")):
        with pytest.raises(Unauthorized) as refused:
            ring.find(token.encode())
        assert refused.value.reason == reason


def test_a_ring_follows_its_file_keeps_to_it_when_damaged_and_holds_nothing_without_it(tmp_path):
    file = tmp_path / "keys.json"
    first = add_key(file, "first", ["predict"], rate_per_s=1, burst=1)
    ring = KeyRing(file)
    bucket = ring.find(first.encode()).bucket
    bucket.take()

    second = add_key(file, "second", ["read"])
    ring.look()
    assert ring.find(second.encode()).scopes == {"read"}
    assert ring.find(first.encode()).bucket is bucket, "what was used of a rate stays used"

    file.write_text("{")
    ring.look()
    assert ring.find(second.encode()).name == "second"

    file.unlink()
    ring.look()
    with pytest.raises(Unauthorized, match="not known"):
        ring.find(first.encode())


def test_a_bucket_lets_a_burst_in_and_then_its_rate():
    now = [0.0]
    bucket = Bucket(2.0, 3, clock=lambda: now[0])

    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    now[0] += 0.5
    assert [bucket.take(), bucket.take()] == [0, 0.5]
    now[0] += 60
    bucket.owe(4)
    assert bucket.take() == 1.0, "only a burst is saved up"
