"""The command as it was typed, for a report to say how it was made."""

import re
import shlex
import sys
from collections.abc import Sequence

_SIGN_IN = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"(?<=://)([^?\s]*)\?\S*")


def typed(arguments: Sequence[str] | None = None) -> str:
    """This process's command, or these arguments, quoted for a shell, the program by its name alone.

    A report is passed on: names and passwords in addresses, and what follows a `?` in them, are left out.
    """
    words = sys.argv[1:] if arguments is None else arguments
    return shlex.join(["sightline", *(_QUERY.sub(r"\1", _SIGN_IN.sub("", word)) for word in words)])
