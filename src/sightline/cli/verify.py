"""`sightline verify`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sightline.cli.trust import RequireSignature, Trust


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    trust: Trust = None,
    require_signature: RequireSignature = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Check a bundle: manifest, files, graph, and its golden images replayed on this machine.

    With --trust, also who has signed it.

    Exits with 0 if everything passed, with 3 if anything failed.
    """
    from dataclasses import asdict

    from sightline.bundle import read_public_keys
    from sightline.inference import verify_bundle

    trusted = read_public_keys(trust or ())
    checks = verify_bundle(bundle, trusted, signature_required=require_signature)
    passed = all(check.outcome in ("passed", "none") for check in checks)
    signatures = _signatures(bundle, {key.id: key.name for key in trusted}) if passed else []
    if as_json:
        report = {"checks": [asdict(check) for check in checks], "signatures": signatures}
        typer.echo(json.dumps({"bundle": str(bundle), "passed": passed, **report}))
    else:
        _print_table(bundle, [(check.name, check.outcome, check.detail) for check in checks], passed)
        if signatures and not trusted:
            typer.echo(
                f"Its signatures ({len(signatures)}) were not looked at: name keys with --trust KEY.pub."
            )
    if not passed:
        raise typer.Exit(3)


def _signatures(bundle: Path, trusted: dict[str, str]) -> list[dict[str, str | None]]:
    """Each signature's key, and the name it is trusted under; of a bundle that has passed all checks."""
    from sightline.bundle import signature_ids

    return [{"key": key_id, "signer": trusted.get(key_id)} for key_id in signature_ids(bundle)]


def _print_table(bundle: Path, rows: list[tuple[str, str, str]], passed: bool) -> None:
    from sightline.cli.tables import cell, console, new_table

    colours = {"passed": "green", "failed": "bold red", "not run": "dim", "none": "yellow"}
    table = new_table("check", "outcome", "detail")
    for name, outcome, detail in rows:
        table.add_row(name, f"[{colours[outcome]}]{outcome}[/]", cell(detail))
    out = console()
    out.print(table)
    verdict = "[green]can be trusted on this machine[/]" if passed else "[bold red]must not be used[/]"
    out.print(f"{cell(bundle)} {verdict}.")
