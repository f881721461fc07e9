"""`sightline apikeys`, as somebody types it."""

import pytest
from typer.testing import CliRunner

from sightline.cli.main import app
from sightline.errors import InputError
from sightline.serving.security import read_keys


def run(*arguments):
    return CliRunner().invoke(app, ["apikeys", *arguments])


def test_a_key_is_printed_once_listed_and_revoked(tmp_path):
    file = str(tmp_path / "keys.json")

    made = run("add", "line-3", "--file", file, "--scope", "predict", "--rate", "50", "--expires", "90d")
    listed = run("list", "--file", file)
    revoked = run("revoke", "line-3", "--file", file)

    assert made.exit_code == listed.exit_code == revoked.exit_code == 0
    token = made.stdout.strip()
    assert token.startswith("sl_")
    assert "copy it now" in made.stderr
    assert "line-3" in listed.stdout
    assert "50/s" in listed.stdout
    assert token not in listed.stdout
    assert read_keys(tmp_path / "keys.json").keys == ()


@pytest.mark.parametrize(
    "options, words",
    [
        (["--scope", "write"], "'write' is no scope"),
        (["--expires", "soon"], "--expires is 'soon'"),
        (["--burst", "5"], "a burst is part of a rate"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, options, words):
    refused = run("add", "a", "--file", str(tmp_path / "keys.json"), *options)

    assert isinstance(refused.exception, InputError)
    assert words in str(refused.exception)
    assert not (tmp_path / "keys.json").exists()
