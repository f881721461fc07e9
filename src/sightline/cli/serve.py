"""`sightline serve`."""

import logging
import re
from pathlib import Path
from typing import Annotated

import typer

from sightline.cli.serve_log import (
    AccessLog,
    LogFormat,
    LogLabels,
    LogLevel,
    MetricLabels,
    Otel,
    log_settings,
)
from sightline.cli.serve_security import (
    AllowUrlHost,
    ApiKeys,
    AuditLogFile,
    ClientScopes,
    ControlHost,
    ControlPort,
    Insecure,
    JwtAudience,
    JwtIssuer,
    JwtKeys,
    JwtScope,
    ModelRepository,
    TlsCert,
    TlsClientCa,
    TlsKey,
    security_settings,
)
from sightline.cli.trust import RequireSignature, Trust

log = logging.getLogger("sightline.serving")


def serve(
    bundles: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]BUNDLE...",
            help="Folders of bundles. The first answers where no model is named.",
            show_default=False,
        ),
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on. Others than loopback take --api-keys or the like.")
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
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes; each opens all bundles. Rarely worth it.")
    ] = 1,
    worker_timeout: Annotated[
        float,
        typer.Option(
            min=0.1, metavar="SECONDS", help="One of several processes that is stuck for so long is replaced."
        ),
    ] = 30.0,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="That decode and infer, in each process; one a core by default, with OpenVINO one more.",
            show_default=False,
        ),
    ] = None,
    max_images: Annotated[int, typer.Option(min=1, help="Images in flight; beyond it 429.")] = 128,
    max_connections: Annotated[
        int, typer.Option(min=1, help="Open at a time, in each process; beyond it 503.")
    ] = 4096,
    max_batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="Images answered together, of those that wait. Default: four; in the graph as measured.",
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
    log_format: LogFormat = None,
    log_level: LogLevel = "info",
    access_log: AccessLog = True,
    log_labels: LogLabels = False,
    metric_labels: MetricLabels = 100,
    otel: Otel = None,
    api_keys: ApiKeys = None,
    jwt_issuer: JwtIssuer = None,
    jwt_audience: JwtAudience = None,
    jwt_keys: JwtKeys = None,
    jwt_scope: JwtScope = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_client_ca: TlsClientCa = None,
    client_scopes: ClientScopes = "predict,read",
    control_port: ControlPort = None,
    control_host: ControlHost = "127.0.0.1",
    model_repository: ModelRepository = None,
    audit_log: AuditLogFile = None,
    allow_url_host: AllowUrlHost = None,
    insecure: Insecure = False,
) -> None:
    """Answer over HTTP: POST an image to /v1/predict. Stops cleanly on SIGTERM; SIGHUP reloads what changed.

    Bundles are verified first, and `/readyz` says yes only after their golden images have been replayed.
    """
    from sightline.extras import require

    require("prometheus_client")
    if grpc_port is not None:
        require("grpc")
        require("tritonclient.grpc")
    from sightline.serving import ServerSettings
    from sightline.serving import serve as run

    def announce(url: str, control: str | None = None) -> None:
        if url.startswith("grpc"):
            log.info("Open Inference Protocol on %s", url)
            return
        near = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        log.info("Serving %s on %s (stop: Ctrl-C)", " ".join(bundles), url)
        log.info("Open %s/ to drop pictures on it, %s/docs for the API", near, near)
        if control is not None:
            log.info("Control plane on %s", control)
        log.info("Try: curl --data-binary @picture.jpg %s/v1/predict", near)

    security = security_settings(
        insecure=insecure,
        api_keys=api_keys,
        jwt=(jwt_issuer, jwt_audience, jwt_keys),
        jwt_scopes=jwt_scope or (),
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_client_ca=tls_client_ca,
        client_scopes=client_scopes,
        control_host=control_host,
        control_port=control_port,
        model_repository=model_repository,
        audit_log=audit_log,
        allow_url_hosts=tuple(allow_url_host or ()),
    )
    settings = ServerSettings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        variant=variant,
        trust=tuple(trust or ()),
        require_signature=require_signature,
        workers=workers,
        worker_timeout_s=worker_timeout,
        threads=threads,
        max_connections=max_connections,
        max_images=max_images,
        max_batch_size=max_batch_size,
        max_queue_delay_ms=max_queue_delay,
        promise_ms=_promise_ms(slo),
        request_timeout_s=request_timeout,
        header_timeout_s=header_timeout,
        body_timeout_s=body_timeout,
        log=log_settings(log_format, log_level, access_log, log_labels),
        metric_labels=metric_labels,
        traces=otel,
        security=security,
    )
    run([_place(bundle) for bundle in bundles], settings, announce)


def _place(given: str) -> tuple[str | None, Path]:
    """The name and the folder of `NAME=BUNDLE`; a folder that has such a name itself is taken as it stands."""
    name, equals, path = given.partition("=")
    if not equals or "/" in name or Path(given).exists():
        return None, Path(given)
    from sightline.errors import InputError
    from sightline.serving.model_names import is_name

    if not is_name(name):
        raise InputError(f"'{name}' is no name for a model: it takes letters, digits and '._-', up to 128.")
    return name, Path(path)


def _promise_ms(slo: str | None) -> float | None:
    from sightline.errors import InputError

    if slo is None:
        return None
    found = re.fullmatch(r"p99=(\d+(?:\.\d+)?)(ms|s)", slo.strip())
    if found is None or float(found[1]) == 0:
        raise InputError(f"--slo is '{slo}': it takes p99=50ms or p99=0.2s.")
    return float(found[1]) * (1000 if found[2] == "s" else 1)
