"""The password of a private key: from the environment or a terminal, never an argument, which others could see."""

import os
import sys

import typer

PASSWORD_VARIABLE = "SIGHTLINE_KEY_PASSWORD"  # noqa: S105


def ask_password(*, new: bool = False) -> str:
    """Take it from the environment, else ask for it; a new one is asked for twice.

    Raises:
        InputError: it is not in the environment, and there is no terminal to ask at.
    """
    from sightline.errors import InputError

    if (password := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return password
    if not sys.stdin.isatty():
        otherwise = ", or choose --no-password" if new else ""
        raise InputError(
            f"The key needs a password. Set {PASSWORD_VARIABLE}, or call this from a terminal{otherwise}."
        )
    asked: str = typer.prompt("Password of the key", hide_input=True, confirmation_prompt=new, err=True)
    return asked
