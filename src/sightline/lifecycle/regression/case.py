"""One picture of a regression set."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from sightline.records import Frozen

State = Literal["must", "open", "fixed"]
STATES: tuple[State, ...] = get_args(State)
SEPARATOR = "|"
IMAGES_FOLDER = "images"
SUFFIXES = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "BMP": "bmp",
    "TIFF": "tiff",
    "GIF": "gif",
    "MPO": "jpg",
}
Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^|\x00-\x1f\x7f]+$")]
OptionalId = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


_WANTED = {
    "sha256": "64 hexadecimal digits are",
    "added_at": "a time such as 2026-01-31T12:00:00Z is",
    "answered_by": "64 hexadecimal digits or nothing are",
    "fixed_by": "64 hexadecimal digits or nothing are",
}


def mistake_of(err: ValidationError) -> str:
    """The first mistake of a case, in plain words and with what to do."""
    first = err.errors()[0]
    name, value = ".".join(map(str, first["loc"][:1])), first["input"]
    match first["type"]:
        case "value_error":
            return str(first["ctx"]["error"])
        case "string_too_long":
            return f"{name} is longer than {first['ctx']['max_length']:,} characters; shorten it"
        case "string_too_short":
            return f"{name} has an empty name; leave it out"
        case "literal_error":
            return f"{name} is {value!r}; it may be {', '.join(STATES)}"
        case "string_pattern_mismatch" if name in ("labels", "answered"):
            return f"{name} has {value!r}; a name may have no '{SEPARATOR}' and no control character: rename the class"
    return f"{name} is {value!r}, where {_WANTED.get(name, 'something else is')} expected"


class Case(Frozen):
    """A picture with its right answer.

    sha256, file
        Of the encoded picture; where it lies in the set, `images/<sha256>.<suffix>`.
    labels
        What is true of it: one for multiclass, any number for multilabel.
    state
        `must`: it must be answered rightly. `open`: a known failure that no bundle has mended. `fixed`: a failure
        that one has; from then on it must be right.
    note, added_at
        Why it is here; when it came, ISO 8601 in UTC.
    answered_by, answered
        The bundle's id and its labels at that time; empty if none was asked.
    fixed_by
        The id of the first bundle that had it right; empty unless `fixed`.
    """

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    file: str
    labels: tuple[Label, ...]
    state: State
    note: str = Field(default="", max_length=2000)
    added_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
    answered_by: OptionalId = ""
    answered: tuple[Label, ...] = ()
    fixed_by: OptionalId = ""

    @model_validator(mode="after")
    def _lies_under_its_hash(self) -> Self:
        allowed = {f"{IMAGES_FOLDER}/{self.sha256}.{suffix}" for suffix in SUFFIXES.values()}
        if self.file not in allowed:
            raise ValueError(f"file is '{self.file}', where '{IMAGES_FOLDER}/{self.sha256}.…' is expected")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label stands twice")
        return self

    @property
    def guarded(self) -> bool:
        """Whether a wrong answer is a failure that has come back, or must not be."""
        return self.state != "open"
