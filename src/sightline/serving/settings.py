"""How a server runs. The defaults are meant for production."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from sightline.errors import InputError
from sightline.monitoring import LogSettings
from sightline.records import Frozen
from sightline.serving.security import SecuritySettings


class ServerSettings(Frozen):
    """Address, size and patience of a server.

    grpc_port
        Where the Open Inference Protocol is answered over gRPC; 0 takes a free one, None: nowhere.
    variant
        Which of the bundle's variants answers; `auto`: the fastest on this machine, measured once and remembered.
    trust
        Files of public keys, or folders of them, whose signatures are verified before anything of a bundle is used.
    require_signature
        Refuse a bundle that none of them has signed.
    workers
        Processes that answer. Limits, rates of keys and idempotency keys are each one's own.
    worker_timeout_s
        One of several processes that does not answer the one above for so long is stuck: another one takes its place.
    threads
        Threads that decode and infer; None: one a core, and one more with OpenVINO. In each of several processes;
        None: the cores are shared out.
    max_batch_size
        So many pictures at most are answered and go through the graph together, and only what waits when a thread is
        free; None: on a CPU up to four are answered together, and what of them the graph takes together is measured.
    max_queue_delay_ms
        How long a picture may wait for company.
    max_images
        Images admitted and not yet answered; beyond it 429 with `Retry-After`.
    max_pixels
        Their declared pixels together, likewise.
    promise_ms
        Refuse at once what would be answered later than this at the pace of late; None: only the other limits hold.
    max_explanations
        Explanations in flight, half of `max_images` at most; beyond it 429. One keeps a worker for as long as some
        twenty answers do. Of two threads and more one is kept for predictions; pictures go first.
    max_connections
        Open at a time, in each process; one more is answered 503 and closed. Fewer where the system allows fewer open
        files.
    max_body_bytes
        Largest request body, all files of a multipart form together.
    max_buffered_bytes
        All bodies that have arrived in part or in full and are not yet answered; beyond it 429.
    max_header_bytes
        Largest request head; beyond it 431.
    header_timeout_s, body_timeout_s
        How long a client may take to send its head, and its body; then 408, and its place goes to others.
    request_timeout_s
        How long a request may wait for its answer unless `X-Request-Timeout-Ms` says otherwise; then 504.
    keep_alive_s
        How long a connection may be idle between two requests. Longer than load balancers keep theirs, 60 s as a rule:
        else one is sent down a connection that is just being closed, and is lost.
    drain_timeout_s
        How long a stopping server waits for what is in flight.
    security
        Who may use it, and how it is reached.
    log
        What is logged, and how.
    metric_labels
        The answers of a bundle with more labels than this are counted together, under the label `*`.
    traces
        Send OpenTelemetry traces; where to, the variables `OTEL_…` say. None: where they name an endpoint, and
        OpenTelemetry is installed.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    grpc_port: int | None = Field(default=None, ge=0, le=65535)
    variant: str = "auto"
    trust: tuple[Path, ...] = ()
    require_signature: bool = False
    workers: int = Field(default=1, ge=1)
    worker_timeout_s: float = Field(default=30.0, gt=0)
    threads: int | None = Field(default=None, ge=1)
    max_batch_size: int | None = Field(default=None, ge=1, le=1024)
    max_queue_delay_ms: float = Field(default=0.0, ge=0, le=10_000)
    max_images: int = Field(default=128, ge=1)
    max_pixels: int = Field(default=512_000_000, ge=1)
    promise_ms: float | None = Field(default=None, gt=0)
    max_explanations: int = Field(default=8, ge=1)
    max_files: int = Field(default=64, ge=1)
    max_connections: int = Field(default=4096, ge=1)
    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    max_buffered_bytes: int = Field(default=512 * 1024 * 1024, ge=1)
    max_header_bytes: int = Field(default=32 * 1024, ge=256)
    header_timeout_s: float = Field(default=10.0, gt=0)
    body_timeout_s: float = Field(default=15.0, gt=0)
    request_timeout_s: float | None = Field(default=None, gt=0)
    keep_alive_s: int = Field(default=75, ge=1)
    drain_timeout_s: int = Field(default=30, ge=0)
    security: SecuritySettings = SecuritySettings()
    log: LogSettings = LogSettings()
    metric_labels: int = Field(default=100, ge=0)
    traces: bool | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for option, port in (("--control-port", self.security.control_port), ("--grpc-port", self.grpc_port)):
            if self.workers > 1 and port is not None:
                raise InputError(
                    f"{option} reaches one process, and --workers is {self.workers}: take --workers 1. "
                    "SIGHUP reloads bundles that changed in all processes."
                )
        return self
