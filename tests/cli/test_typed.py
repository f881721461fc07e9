import pytest

from sightline.cli.typed import typed


@pytest.mark.parametrize(
    "argument, said",
    [
        ("a folder", "sightline 'a folder'"),
        ("s3://key:secret@bucket/set", "sightline s3://bucket/set"),
        ("https://host/set?sig=secret", "sightline https://host/set"),
    ],
    ids=["quoted", "without a sign-in", "without a query"],
)
def test_a_command_is_repeated_without_its_secrets(argument: str, said: str) -> None:
    assert typed([argument]) == said
