"""`sightline verify`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Check a bundle: manifest, files, graph, and its golden images replayed on this machine.

    Exits with 0 if everything passed, with 3 if anything failed.
    """
    from dataclasses import asdict

    from sightline.inference import verify_bundle

    checks = verify_bundle(bundle)
    passed = all(check.outcome == "passed" for check in checks)
    if as_json:
        typer.echo(
            json.dumps({"bundle": str(bundle), "passed": passed, "checks": [asdict(c) for c in checks]})
        )
    else:
        _print_table(bundle, [(check.name, check.outcome, check.detail) for check in checks], passed)
    if not passed:
        raise typer.Exit(3)


def _print_table(bundle: Path, rows: list[tuple[str, str, str]], passed: bool) -> None:
    from sightline.cli.tables import cell, console, new_table

    colours = {"passed": "green", "failed": "bold red", "not run": "dim"}
    table = new_table("check", "outcome", "detail")
    for name, outcome, detail in rows:
        table.add_row(name, f"[{colours[outcome]}]{outcome}[/]", cell(detail))
    out = console()
    out.print(table)
    verdict = "[green]can be trusted on this machine[/]" if passed else "[bold red]must not be used[/]"
    out.print(f"{cell(bundle)} {verdict}.")
