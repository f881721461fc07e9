"""`sightline sign`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def sign(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="Your private key, NAME.key.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Verify a bundle as `sightline verify` does, then put your signature beside its manifest.

    Its id stays the same, and others may sign it too. The key's password comes from SIGHTLINE_KEY_PASSWORD, or is
    asked for.
    """
    from sightline.bundle import read_bundle, read_signing_key, sign_bundle, signature_name
    from sightline.cli.keys.password import ask_password
    from sightline.cli.plain import printable

    opened = read_bundle(bundle)
    _refuse_failing(bundle)
    signing = read_signing_key(key, ask_password)  # unlocked only after the graph has run
    new = sign_bundle(opened, signing)
    if as_json:
        typer.echo(json.dumps({"bundle": opened.id, "key": signing.public.id, "new": new}))
        return
    typer.echo(printable(f"{bundle}, id {opened.id}"))
    told = "signed" if new else "was signed already"
    typer.echo(printable(f"{told} by {signing.public.name}: {signature_name(signing.public.id)}"))


def _refuse_failing(bundle: Path) -> None:
    from sightline.errors import BundleError
    from sightline.inference import verify_bundle

    failed = [check for check in verify_bundle(bundle) if check.outcome == "failed"]
    if failed:
        raise BundleError(
            f"'{bundle}' was not signed, for its check '{failed[0].name}' failed: {failed[0].detail}"
        )
