"""What is wrong with a recipe, in sentences: key, value, and what is allowed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# Values that users know from elsewhere. They are told apart from typing errors.
NOT_BUILT: dict[str, tuple[object, ...]] = {
    "training.optimizer": ("adam", "rmsprop", "lamb"),
    "training.scheduler": ("linear", "exponential"),
    "loss.type": ("weighted_cross_entropy",),
}


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
    grouped: dict[str, list[ErrorDetails]] = {}
    for error in err.errors():
        grouped.setdefault(".".join(map(str, _place(error, root))), []).append(error)
    return [
        Mistake(key, _shown(errors[0]["input"]), _problems(key, errors, root))
        for key, errors in grouped.items()
    ]


def _problems(key: str, errors: Sequence[ErrorDetails], root: type[BaseModel]) -> str:
    """A value that may be one thing or another is wrong once for each of them; contradictions add up."""
    between = "; " if any(error["type"] == "contradiction" for error in errors) else ", or "
    return between.join(dict.fromkeys(_problem(key, error, root) for error in errors))


def _place(error: ErrorDetails, root: type[BaseModel]) -> Iterator[int | str]:
    """The keys on the way to a value, without pydantic's names for the branches of a union."""
    model: type[BaseModel] | None = root
    for part in error["loc"]:
        if model is None and isinstance(part, str):
            return
        yield part
        inside = model.model_fields[str(part)].annotation if model and part in model.model_fields else None
        model = inside if isinstance(inside, type) and issubclass(inside, BaseModel) else None


def _problem(key: str, error: ErrorDetails, root: type[BaseModel]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; known here: {', '.join(_keys_beside(error['loc'], root))}"
    if kind == "literal_error":
        begin = "not built" if error["input"] in NOT_BUILT.get(key, ()) else "unknown value"
        return f"{begin}; allowed now: {context['expected']}"
    if kind == "string_type":
        return _unquoted(error["input"], in_list=isinstance(error["loc"][-1], int))
    if kind == "value_error":
        return str(context["error"])
    return error["msg"].replace("Input should", "must")


def _unquoted(value: object, *, in_list: bool) -> str:
    """YAML reads 3 as a number and yes as true; labels are often written so."""
    if isinstance(value, bool):
        return "must be text: yes, no, on, off, true and false need quotes to be it"
    if isinstance(value, int | float):
        return (
            f'must be text: put it in quotes, ["{value}"]'
            if in_list
            else f'must be text: put it in quotes, "{value}"'
        )
    return (
        "must be text"
        if value is None or isinstance(value, list | dict)
        else "must be text: put it in quotes"
    )


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
