"""`sightline apikeys`: who may use a server, kept as hashes in a file."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make, list and revoke the API keys of a server.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Option(
        "--file", metavar="FILE", envvar="SIGHTLINE_API_KEYS", help="The key file.", show_default=False
    ),
]
Name = Annotated[str, typer.Argument(help="Whose key it is, for logs and metrics.", show_default=False)]


@app.command()
def add(
    name: Name,
    file: File,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="predict, read or admin; may be repeated. Default: predict and read.", show_default=False
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Pictures a second in the long run.", show_default=False)
    ] = None,
    burst: Annotated[
        int | None,
        typer.Option(min=1, help="Pictures at once; by default a second's worth.", show_default=False),
    ] = None,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="Go before the others, four turns of five.")
    ] = False,
    expires: Annotated[
        str | None, typer.Option(metavar="90d|12h|DATE", help="When it ends.", show_default=False)
    ] = None,
) -> None:
    """Make a key and print it, this once: the file keeps its hash."""
    from sightline.cli.serve_security import scope_named
    from sightline.serving.security import add_key

    scopes = [scope_named(one) for one in scope or ("predict", "read")]
    until = None if expires is None else _moment(expires)
    token = add_key(file, name, scopes, rate_per_s=rate, burst=burst, urgent=urgent, expires_at=until)
    typer.echo(f"The key of '{name}' follows. It is kept nowhere: copy it now.", err=True)
    typer.echo(token)


@app.command("list")
def list_keys(file: File) -> None:
    """List names, scopes, limits and ends of the keys in a file."""
    from sightline.cli.tables import cell, console, new_table
    from sightline.serving.security import read_keys

    table = new_table("name", "scopes", "rate", "urgent", "made", "ends")
    for key in read_keys(file).keys:
        rate = "" if key.rate_per_s is None else f"{key.rate_per_s:g}/s, {key.burst or 'a second'} at once"
        ended = key.expires_at is not None and key.expires_at <= datetime.now(UTC)
        ends = "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}{' (ended)' * ended}"
        made = f"{key.created_at:%Y-%m-%d}"
        table.add_row(cell(key.name), ", ".join(key.scopes), rate, "yes" * key.urgent, made, ends)
    console().print(table)


@app.command()
def revoke(name: Name, file: File) -> None:
    """Take a key out. Servers that use the file refuse it within a second, without a restart."""
    from sightline.serving.security import revoke_key

    revoke_key(file, name)
    typer.echo(f"The key '{name}' is revoked.", err=True)


def _moment(text: str) -> datetime:
    """In so many days or hours, or a date, which is UTC where it does not say."""
    from sightline.errors import InputError

    if found := re.fullmatch(r"(\d{1,5})([dh])", text):
        span = timedelta(days=int(found[1])) if found[2] == "d" else timedelta(hours=int(found[1]))
        return (datetime.now(UTC) + span).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise InputError(f"--expires is '{text}': it takes 90d, 12h or a date like 2027-01-31.") from err
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
