"""`sightline data check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.data.options import Corrections, Data, GroupBy, GroupGap, NoCache

if TYPE_CHECKING:
    from sightline.quality import Issue


def check(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the report.")] = Path("data-report"),
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,…", help="Exit with 1 if there are such findings; `any`, `error` or kinds."
        ),
    ] = None,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    corrections: Corrections = None,
    no_cache: NoCache = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Open every picture and say what is wrong with the set.

    Damaged files, copies and near copies, conflicting labels, leaks between splits, odd pictures, classes that
    are too small. Writes report.html, report.json, findings.csv and quarantine.csv; changes nothing else. May be
    interrupted at any time: what is done is not done again.
    """
    from sightline.cli.data.options import read_options
    from sightline.cli.findings import print_report
    from sightline.cli.progress import Display
    from sightline.extras import require

    require("pyarrow")
    from sightline.lifecycle.data_check import check_source, write_report
    from sightline.quality import check_fail_on, failing

    wanted = check_fail_on([] if fail_on is None else [name.strip() for name in fail_on.split(",")])
    options = read_options(group_by, group_gap, corrections, no_cache)
    with Display(quiet=as_json) as display:
        checked = check_source(data, options, display.listen)
        write_report(checked, out, limits=options.limits, listen=display.listen)
    failed = failing(checked.report, wanted)
    if as_json:
        typer.echo(checked.report.model_dump_json())
    else:
        print_report(checked.report)
        typer.echo(f"Report: {out / 'report.html'}; all findings: {out / 'findings.csv'}")
    if failed:
        typer.echo(_failure(failed), err=True)
        raise typer.Exit(1)


def _failure(failed: "list[Issue]") -> str:
    counted = ", ".join(f"{issue.kind} ({issue.count:,})" for issue in failed)
    return f"The check failed on: {counted}."
