"""How a server runs. The defaults are meant for production."""

from pydantic import Field

from sightline.records import Frozen


class ServerSettings(Frozen):
    """Address, size and patience of a server.

    variant
        Which of the bundle's variants answers; `auto`: the fastest on this machine, measured once and remembered.
    workers
        Threads that decode and infer, each on one core; None: one a core.
    max_images
        Images admitted and not yet answered; beyond it 429 with `Retry-After`.
    max_explanations
        Explanations in flight, half of `max_images` at most; beyond it 429. One keeps a worker for as long as some
        twenty answers do. Of two workers and more one is kept for predictions; a single one does predictions first.
    max_body_bytes
        Largest request body, all files of a multipart form together.
    body_timeout_s
        How long a client may take to send its request; then 408, and its place goes to others.
    drain_timeout_s
        How long a stopping server waits for what is in flight.
    """

    host: str = "127.0.0.1"
    variant: str = "auto"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int | None = Field(default=None, ge=1)
    max_images: int = Field(default=128, ge=1)
    max_explanations: int = Field(default=8, ge=1)
    max_files: int = Field(default=64, ge=1)
    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1)
    body_timeout_s: float = Field(default=15.0, gt=0)
    drain_timeout_s: int = Field(default=30, ge=0)
