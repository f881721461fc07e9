"""An inference request of the protocol, whichever way it came, and the pictures and wishes in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sightline.errors import MalformedRequest
from sightline.serving.v2.tensors import Contract, Image, shown

CLASSIFIED: Final = ("probabilities", "logits")
"""Outputs that may be asked for as their largest values with the names of the classes."""

_LONGEST_MS: Final = 3_600_000


@dataclass(frozen=True)
class Wanted:
    """An output that is asked for.

    classes
        So many of the largest values, as "value:index:label" (Triton's classification extension).
    binary
        As bytes behind the JSON.
    """

    name: str
    classes: int | None = None
    binary: bool = False


@dataclass(frozen=True)
class InferRequest:
    """Pictures, encoded or uint8 `[height_px, width_px, 3]`, and what is to be answered about them.

    timeout_s
        From its arrival; None: it names none.
    """

    images: Sequence[Image]
    outputs: Sequence[Wanted]
    id: str = ""
    timeout_s: float | None = None


@dataclass(frozen=True)
class Asked:
    """An output as it was asked for."""

    name: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_wishes(asked: Sequence[Asked], contract: Contract, binary: bool) -> list[Wanted]:
    """The outputs asked for; none named: all.

    binary
        Whether they are wanted as bytes where they do not say themselves.

    Raises:
        MalformedRequest: one is named twice, is unknown, or is asked for as it cannot be given.
    """
    if not asked:
        return [Wanted(name, binary=binary) for name in contract.outputs]
    wishes = [_wish(one, f"outputs[{index}]", contract, binary) for index, one in enumerate(asked)]
    names = [one.name for one in wishes]
    if len(set(names)) != len(names):
        raise MalformedRequest(f"'outputs' names {next(n for n in names if names.count(n) > 1)!r} twice.")
    return wishes


def _wish(asked: Asked, where: str, contract: Contract, binary: bool) -> Wanted:
    if not isinstance(asked.name, str) or asked.name not in contract.outputs:
        known = ", ".join(contract.outputs)
        raise MalformedRequest(f"{where}.name is {shown(asked.name)}: this model's outputs are {known}.")
    refuse_shared_memory(asked.parameters, where)
    as_bytes = asked.parameters.get("binary_data", binary)
    if not isinstance(as_bytes, bool):
        raise MalformedRequest(f"{where}.parameters.binary_data is {shown(as_bytes)}: it is true or false.")
    classes = asked.parameters.get("classification")
    if classes is None:
        return Wanted(asked.name, None, as_bytes)
    if type(classes) is not int or classes < 1:
        raise MalformedRequest(f"{where}.parameters.classification is {shown(classes)}: it is 1 or more.")
    if asked.name not in CLASSIFIED:
        raise MalformedRequest(
            f"{where}.parameters.classification: '{asked.name}' has no classes; {' and '.join(CLASSIFIED)} have."
        )
    return Wanted(asked.name, classes, as_bytes)


def read_timeout(parameters: Mapping[str, Any]) -> float | None:
    """Seconds, from the parameter `timeout`, which is in microseconds; 0 means none.

    Raises:
        MalformedRequest: it is no whole number, or longer than an hour.
    """
    given = parameters.get("timeout")
    if given is None:
        return None
    if type(given) is not int or not 0 <= given <= _LONGEST_MS * 1000:
        raise MalformedRequest(
            f"parameters.timeout is {shown(given)}: it takes whole microseconds, up to {_LONGEST_MS * 1000:,}."
        )
    return given / 1e6 if given else None


def refuse_shared_memory(parameters: Mapping[str, Any], where: str) -> None:
    """Refuse what is not in the request. Raises `MalformedRequest`."""
    if "shared_memory_region" in parameters:
        raise MalformedRequest(
            f"{where}.parameters.shared_memory_region: there is no shared memory here; send the data."
        )
