"""`sightline serve`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sightline.cli.trust import RequireSignature, Trust


def serve(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    host: Annotated[
        str, typer.Option(help="Address to listen on. There is no authentication yet.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    grpc_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="The Open Inference Protocol over gRPC, too: docs/v2.md.",
            show_default=False,
        ),
    ] = None,
    variant: Annotated[
        str, typer.Option(help="Of the bundle; auto: the fastest on this machine, measured once.")
    ] = "auto",
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="That decode and infer; one a core by default.", show_default=False),
    ] = None,
    max_images: Annotated[int, typer.Option(min=1, help="Images in flight; beyond it 429.")] = 128,
    max_batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="Images that go through the graph together, of those that wait. Default: measured.",
            show_default=False,
        ),
    ] = None,
    max_queue_delay: Annotated[
        float, typer.Option(min=0, max=10_000, metavar="MS", help="Let an image wait so long for company.")
    ] = 0.0,
    slo: Annotated[
        str | None,
        typer.Option(
            metavar="p99=50ms",
            help="Refuse with 429 what would take longer, so that what is accepted does not.",
            show_default=False,
        ),
    ] = None,
    request_timeout: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            metavar="SECONDS",
            help="Answer within it or with 504, unless X-Request-Timeout-Ms says otherwise.",
            show_default=False,
        ),
    ] = None,
    header_timeout: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", help="For the head of a request; then 408.")
    ] = 10.0,
    body_timeout: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", help="For a request to arrive; then 408.")
    ] = 15.0,
    trust: Trust = None,
    require_signature: RequireSignature = False,
) -> None:
    """Answer over HTTP: POST an image to /v1/predict. Stops cleanly on SIGTERM.

    The bundle is verified first, and `/readyz` says yes only after its golden images have been replayed.
    """
    from sightline.extras import require

    for package in ("fastapi", "uvicorn", "prometheus_client"):
        require(package)
    if grpc_port is not None:
        require("grpc")
        require("tritonclient.grpc")
    from sightline.serving import ServerSettings
    from sightline.serving import serve as run

    def announce(url: str) -> None:
        if url.startswith("grpc:"):
            typer.echo(f"Open Inference Protocol on {url}", err=True)
            return
        typer.echo(f"Serving {bundle} on {url}  (docs: {url}/docs, stop: Ctrl-C)", err=True)
        typer.echo(f"Try: curl --data-binary @picture.jpg {url}/v1/predict", err=True)

    settings = ServerSettings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        variant=variant,
        trust=tuple(trust or ()),
        require_signature=require_signature,
        threads=threads,
        max_images=max_images,
        max_batch_size=max_batch_size,
        max_queue_delay_ms=max_queue_delay,
        promise_ms=_promise_ms(slo),
        request_timeout_s=request_timeout,
        header_timeout_s=header_timeout,
        body_timeout_s=body_timeout,
    )
    run(bundle, settings, announce)


def _promise_ms(slo: str | None) -> float | None:
    from sightline.errors import InputError

    if slo is None:
        return None
    found = re.fullmatch(r"p99=(\d+(?:\.\d+)?)(ms|s)", slo.strip())
    if found is None or float(found[1]) == 0:
        raise InputError(f"--slo is '{slo}': it takes p99=50ms or p99=0.2s.")
    return float(found[1]) * (1000 if found[2] == "s" else 1)
