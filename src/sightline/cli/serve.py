"""`sightline serve`."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    host: Annotated[
        str, typer.Option(help="Address to listen on. There is no authentication yet.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    variant: Annotated[
        str, typer.Option(help="Of the bundle; auto: the fastest on this machine, measured once.")
    ] = "auto",
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="That decode and infer; one a core by default.", show_default=False),
    ] = None,
    max_images: Annotated[int, typer.Option(min=1, help="Images in flight; beyond it 429.")] = 128,
    body_timeout: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", help="For a request to arrive; then 408.")
    ] = 15.0,
) -> None:
    """Answer over HTTP: POST an image to /v1/predict. Stops cleanly on SIGTERM.

    The bundle is verified first, and `/readyz` says yes only after its golden images have been replayed.
    """
    from sightline.extras import require

    for package in ("fastapi", "uvicorn", "prometheus_client"):
        require(package)
    from sightline.serving import ServerSettings
    from sightline.serving import serve as run

    def announce(url: str) -> None:
        typer.echo(f"Serving {bundle} on {url}  (docs: {url}/docs, stop: Ctrl-C)", err=True)
        typer.echo(f"Try: curl --data-binary @picture.jpg {url}/v1/predict", err=True)

    settings = ServerSettings(
        host=host,
        port=port,
        variant=variant,
        threads=threads,
        max_images=max_images,
        body_timeout_s=body_timeout,
    )
    run(bundle, settings, announce)
