"""What is logged, and how."""

from typing import Literal

from sightline.records import Frozen

LogFormat = Literal["json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]


class LogSettings(Frozen):
    """The log of a server.

    format
        `json`: an object a line; `text`: for people; None: text on a terminal, else JSON.
    level
        `debug` also logs shape, dtype, range and memory at every stage of every picture.
    access
        A line for each request.
    labels
        Label and probability in these lines; they may say something about whoever sent the picture.
    """

    format: LogFormat | None = None
    level: LogLevel = "info"
    access: bool = True
    labels: bool = False
