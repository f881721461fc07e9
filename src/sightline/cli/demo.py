"""`sightline demo`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sightline.demo.story import Demonstrated


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where data and bundle go.")] = Path("demo-output"),
    images: Annotated[int, typer.Option(min=100, help="Pictures to generate.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another line.")] = 0,
    several: Annotated[
        bool, typer.Option("--multilabel", help="A piece has all its kinds of defect as labels, or none.")
    ] = False,
) -> None:
    """Run everything once on generated pictures: data, training, bundle, server, answers over HTTP.

    Needs no network and no pretrained weights; about two minutes on two cores.
    """
    from sightline.cli.progress import Display
    from sightline.extras import require

    for package in ("torch", "timm", "onnx", "fastapi", "uvicorn"):
        require(package)
    from sightline.demo.story import run_demo

    with Display() as display:
        done = run_demo(
            out,
            images=images,
            seed=seed,
            listener=display,
            training_progress=display,
            task="multilabel" if several else "multiclass",
        )
    _print_summary(done)


def _print_data(done: "Demonstrated") -> None:
    from sightline.cli.tables import console

    said = done.built.data_check
    clusters = said.clusters.clusters if said.clusters else 0
    console().print(
        f"Data: {said.set_aside} of {said.files:,} files are damaged and set aside; {clusters} clusters of near "
        f"duplicates, each kept on one side of the split. Report: {done.built.data_report / 'report.html'}",
        soft_wrap=True,
    )


def _a_picture(data: Path) -> Path:
    folders = (data / "crack", data / "images")
    return next(path for folder in folders for path in sorted(folder.glob("*")) if path.is_file())


def _print_summary(done: "Demonstrated") -> None:
    from sightline.cli.figures import print_baselines, print_evaluation
    from sightline.cli.tables import console

    out = console()
    out.print()
    _print_data(done)
    print_evaluation(done.built.evaluations["test"], "test")
    print_baselines(done.built.evaluations["test"], done.built.baselines)
    export, served = done.built.export, done.agreement
    out.print(
        f"torch and ONNX agree on {export.label_agreement:.0%} of {export.images} test images, "
        f"largest |Δp| {export.max_probability_difference:.0e}.\n"
        f"HTTP and offline agree on {served.label_agreement:.0%} of {served.images} test images, "
        f"largest |Δp| {served.max_probability_difference:.0e}."
    )
    times = ", ".join(f"{stage.split(' ')[0].lower()} {spent:.0f} s" for stage, spent in done.seconds.items())
    out.print(f"Time: {sum(done.seconds.values()):.0f} s ({times})\n")
    picture = _a_picture(done.data)
    out.print("[bold]Try next[/]")
    for command, why in (
        (f"sightline data check {done.data}", "what is wrong with the pictures"),
        (f"sightline show {done.bundle}", "what the bundle is"),
        (f"sightline predict {done.bundle} {picture.parent}", "classify a folder"),
        (f"sightline serve {done.bundle}", "answer over HTTP; then, from another terminal:"),
        (f"curl --data-binary @{picture} http://127.0.0.1:8000/v1/predict", ""),
    ):
        out.print(f"  {command}" + (f"  [dim]# {why}[/]" if why else ""), soft_wrap=True)
    out.print("  [dim](in .venv/bin, unless the environment is active)[/]")
