"""Query parameters: one that is misspelt or given twice is told, not passed over."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from pydantic import Field, ValidationError

from sightline.errors import MalformedRequest
from sightline.records import ExplanationMethod, Frozen

_LONGEST_SHOWN = 40

ModelName = Annotated[
    str | None, Field(description="Which of the models in service; the first that was given if left out.")
]


class EmbedParameters(Frozen):
    """What may be asked of `/v1/embed`."""

    model: ModelName = None


class PredictParameters(EmbedParameters):
    """What may be asked of `/v1/predict`."""

    top_k: int = Field(default=5, ge=1, le=1000, description="So many candidates at most.")
    threshold: float = Field(default=0.0, ge=0, le=1, description="No candidate below this probability.")
    neighbours: int = Field(default=0, ge=0, le=100, description="So many of the nearest training images.")
    embedding: bool = Field(default=False, description="Also the vector that the head classifies by.")
    explain: bool = Field(default=False, description="Answer with a PNG that shows why.")
    label: str | None = Field(
        default=None, description="With explain: explain this label and not the answer."
    )
    method: ExplanationMethod | None = Field(
        default=None,
        description="With explain: rise, the default, points best; class_activation is faster.",
    )


P = TypeVar("P", bound=Frozen)


@lru_cache(maxsize=256)
def read_parameters(query: bytes, kind: type[P]) -> P:
    """Read a query string.

    Raises:
        MalformedRequest: all mistakes in it, and the parameters that there are.
    """
    known = list(kind.model_fields)
    try:
        given = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except (UnicodeDecodeError, ValueError) as err:
        raise MalformedRequest("The query string is no query string.") from err
    mistakes = list(_mistakes([name for name, _ in given], known))
    try:
        parameters = kind.model_validate_strings({name: value for name, value in given if name in known})
    except ValidationError as err:
        mistakes += [
            f"{'.'.join(map(str, one['loc']))}: {one['msg']} (given: {str(one['input'])[:_LONGEST_SHOWN]!r})."
            for one in err.errors()
        ]
    if mistakes:
        raise MalformedRequest(f"{' '.join(mistakes)} Parameters are: {', '.join(known)}.")
    return parameters


def _mistakes(given: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(given):
        if name not in known:
            near = get_close_matches(name.lower(), known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield f"There is no parameter '{name[:_LONGEST_SHOWN]}'.{hint}"
        elif given.count(name) > 1:
            yield f"{name} is given {given.count(name)} times; give it once."
