"""Options of `sightline serve` about what it says of itself."""

import logging
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from sightline.monitoring import LogSettings

_PANEL = "Log, metrics and traces"
_Format = Literal["json", "text"]
_Level = Literal["debug", "info", "warning", "error"]


def _option(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **more)


LogFormat = Annotated[_Format | None, _option(help="Text on a terminal, else JSON.", show_default=False)]
LogLevel = Annotated[_Level, _option(help="debug: also shape, dtype, range and memory at every stage.")]
AccessLog = Annotated[bool, _option(help="A log line for each request.")]
LogLabels = Annotated[bool, _option(help="Label and probability in these lines.")]
MetricLabels = Annotated[
    int, _option(min=0, help="Answers of bundles with more labels are counted together.")
]
Otel = Annotated[
    bool | None,
    _option(
        help="OpenTelemetry traces; by default where OTEL_EXPORTER_OTLP_ENDPOINT is set.", show_default=False
    ),
]


def log_settings(log_format: _Format | None, level: _Level, access: bool, labels: bool) -> "LogSettings":
    """What the options say together, and `sightline --verbose`, which means the level `debug`."""
    from sightline.monitoring import LogSettings

    if logging.getLogger("sightline").level == logging.DEBUG:
        level = "debug"
    return LogSettings(format=log_format, level=level, access=access, labels=labels)
