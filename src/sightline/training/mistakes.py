"""What is wrong with a recipe, in sentences: key, value, and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# Values that users know from elsewhere and that will come. They are told apart from typing errors.
NOT_BUILT: dict[str, tuple[object, ...]] = {
    "model.head": ("mlp",),
    "training.optimizer": ("sgd", "adam", "rmsprop", "lamb", "lion"),
    "training.scheduler": ("step", "constant", "linear", "plateau", "onecycle"),
    "training.mixed_precision": (True,),
    "loss.type": ("focal", "weighted_cross_entropy", "bce", "asymmetric"),
}
_NEEDS_FOCAL = "belongs to the focal loss, which is not built yet; leave it out"


@dataclass(frozen=True)
class Mistake:
    """One thing to correct. `str()` gives the line of the report."""

    key: str
    value: object
    problem: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {self.value!r}"
        return f"{self.key}{shown}: {self.problem}"


def mistakes_of(err: ValidationError, root: type[BaseModel]) -> list[Mistake]:
    """The mistakes that pydantic found in a model of class `root`, one for each value."""
    found: dict[str, Mistake] = {}
    for error in err.errors():
        key = ".".join(str(part) for part in error["loc"])
        found.setdefault(key, Mistake(key, _shown(error["input"]), _problem(key, error, root)))
    return list(found.values())


def _problem(key: str, error: ErrorDetails, root: type[BaseModel]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; known here: {', '.join(_keys_beside(error['loc'], root))}"
    if kind == "literal_error":
        begin = "not built yet" if error["input"] in NOT_BUILT.get(key, ()) else "unknown value"
        return f"{begin}; allowed now: {context['expected']}"
    if kind == "none_required":
        return _NEEDS_FOCAL
    if kind == "value_error":
        return str(context["error"])
    return error["msg"].replace("Input should", "must")


def _keys_beside(loc: Sequence[int | str], root: type[BaseModel]) -> list[str]:
    model = root
    for part in loc[:-1]:
        inside = model.model_fields[str(part)].annotation
        assert isinstance(inside, type)
        assert issubclass(inside, BaseModel)
        model = inside
    return list(model.model_fields)


def _shown(value: Any) -> object:
    text = repr(value)
    return value if len(text) <= 80 else f"{text[:77]}..."
