"""The command `sightline`: its subcommands, and how errors leave it.

Nothing heavier than Typer is imported before a subcommand runs: `--help` must not wait for numpy.
"""

import json
import logging
import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from sightline import __version__
from sightline.cli.ablate import ablate
from sightline.cli.advise import advise
from sightline.cli.apikeys import app as apikeys
from sightline.cli.benchmark import benchmark
from sightline.cli.calibrate import calibrate
from sightline.cli.crossvalidate import crossvalidate
from sightline.cli.data import app as data
from sightline.cli.demo import demo
from sightline.cli.evaluate import evaluate
from sightline.cli.explain import explain
from sightline.cli.export import export
from sightline.cli.keys import app as keys
from sightline.cli.optimize import optimize
from sightline.cli.plain import printable
from sightline.cli.predict import predict
from sightline.cli.regress import app as regress
from sightline.cli.serve import serve
from sightline.cli.show import show
from sightline.cli.sign import sign
from sightline.cli.train import train
from sightline.cli.tune import tune
from sightline.cli.verify import verify
from sightline.errors import SightlineError

app = typer.Typer(
    name="sightline",
    help="From a folder of labelled images to a calibrated, monitored image-classification service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    demo,
    advise,
    train,
    ablate,
    tune,
    crossvalidate,
    evaluate,
    calibrate,
    optimize,
    benchmark,
    export,
    verify,
    sign,
    show,
    predict,
    explain,
    serve,
):
    app.command()(_command)
app.add_typer(data, name="data")
app.add_typer(regress, name="regress")
app.add_typer(keys, name="keys")
app.add_typer(apikeys, name="apikeys")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sightline {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log what happens inside, to standard error.")
    ] = False,
) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if verbose:
        logging.getLogger("sightline").setLevel(logging.DEBUG)


def main() -> None:
    """Run the command line. Known errors become one message on standard error and an exit code."""
    # As Ctrl-C does, so that what was begun is cleaned up; commands that stop in their own way replace it.
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except SightlineError as err:
        _report(err)
        sys.exit(err.exit_code)
    except BrokenPipeError:
        # The reader, say `head`, has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as err:
        place = f" '{err.filename}'" if err.filename else ""
        _report(SightlineError(f"The system refuses: {err.strerror or err}{place}."))
        sys.exit(SightlineError.exit_code)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _report(err: SightlineError) -> None:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": {"code": err.code, "message": str(err)}}), err=True)
    else:
        typer.echo(typer.style("error: ", fg="red", bold=True, dim=False) + printable(str(err)), err=True)
