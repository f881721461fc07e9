"""Query parameters: one that is misspelt or given twice is told, not passed over."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from fastapi import Request
from fastapi.routing import APIRoute

from sightline.errors import MalformedRequest

_LONGEST_SHOWN = 40


async def check_parameters(request: Request) -> None:
    """Refuse what the route does not know, and what it is told twice; for `dependencies` of a route.

    Raises:
        MalformedRequest: all of them, and those that there are.
    """
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = [one.alias for one in route.dependant.query_params]
    mistakes = list(_mistakes([name for name, _ in request.query_params.multi_items()], known))
    if mistakes:
        raise MalformedRequest(f"{' '.join(mistakes)} Parameters are: {', '.join(known)}.")


def _mistakes(given: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(given):
        if name not in known:
            near = get_close_matches(name.lower(), known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield f"There is no parameter '{name[:_LONGEST_SHOWN]}'.{hint}"
        elif given.count(name) > 1:
            yield f"{name} is given {given.count(name)} times; give it once."
