"""Pretrained weights: from timm's hub or a local file, always safetensors, never a pickle."""

import socket
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from sightline.errors import TrainingError

# timm's models share methods that nn.Module's type does not have.
TimmModel = Any

_CONVERT = (
    "it may hold a pickle, which can run code when it is opened. Convert it once, where you trust it: "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'weights.safetensors')"
)


def load_pretrained(backbone: TimmModel, pretrained: bool | str) -> None:
    """Fill a timm model, its classifier apart, as the recipe's `model.pretrained` says.

    Raises:
        TrainingError: the weights cannot be had, are no safetensors, or do not fit the model.
    """
    if pretrained is True:
        _load_file(backbone, _download(backbone))
    elif isinstance(pretrained, str):
        _load_file(backbone, Path(pretrained))


def _download(backbone: TimmModel) -> Path:
    standard = backbone.pretrained_cfg
    architecture = standard["architecture"]
    remedy = (
        "Give model.pretrained=PATH of a .safetensors file, or model.pretrained=false to start from scratch."
    )
    if not standard["hf_hub_id"]:
        raise TrainingError(f"timm has no pretrained weights for '{architecture}'. {remedy}")
    if not _reachable(huggingface_hub.constants.ENDPOINT) and not _cached(standard["hf_hub_id"]):
        raise TrainingError(
            f"The pretrained weights of '{architecture}' are on {huggingface_hub.constants.ENDPOINT}, which cannot "
            f"be reached from here. {remedy}"
        )
    try:
        # Not timm's own download: it goes on to a pickle where there are no safetensors.
        return Path(huggingface_hub.hf_hub_download(standard["hf_hub_id"], "model.safetensors"))
    except OSError as err:
        raise TrainingError(
            f"The pretrained weights of '{architecture}' cannot be fetched from the hub "
            f"({type(err).__name__}: {err}). {remedy}"
        ) from err


def _reachable(endpoint: str) -> bool:
    """Whether the hub's name can be resolved: without a network its client would go on trying for half a minute."""
    if urllib.request.getproxies():
        return True  # the proxy resolves names, and not this machine
    try:
        socket.getaddrinfo(urlsplit(endpoint).hostname, None)
    except OSError:
        return False
    return True


def _cached(hub_id: str) -> bool:
    return isinstance(huggingface_hub.try_to_load_from_cache(hub_id, "model.safetensors"), str)


def _load_file(backbone: TimmModel, file: Path) -> None:
    state = _read(file)
    skipped = _classifier_names(backbone)
    expected = _without(backbone.state_dict(), skipped)
    given = _without(state, skipped)
    if given.keys() != expected.keys():
        given = _without(_translated(backbone, state), skipped)
    fit = Fit.of(expected, given)
    if not fit.complete:
        architecture = backbone.pretrained_cfg["architecture"]
        raise TrainingError(f"The weights in '{file}' do not fit '{architecture}': {fit}.")
    backbone.load_state_dict(given, strict=False)


def _read(file: Path) -> dict[str, Tensor]:
    if file.suffix != ".safetensors":
        raise TrainingError(f"model.pretrained is '{file}', which is not a .safetensors file; {_CONVERT}.")
    try:
        return safetensors.torch.load_file(file)
    except (OSError, SafetensorError) as err:
        raise TrainingError(f"The weights '{file}' cannot be read: {err}.") from err


def _classifier_names(backbone: TimmModel) -> tuple[str, ...]:
    classifier = backbone.get_classifier()
    return tuple(f"{name}." for name, module in backbone.named_modules() if module is classifier)


def _without(state: dict[str, Tensor], prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.startswith(prefixes)}


def _translated(backbone: TimmModel, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under timm's present names, where timm knows an older or foreign layout."""
    translate = getattr(sys.modules[type(backbone).__module__], "checkpoint_filter_fn", None)
    if translate is None:
        return state
    try:
        translated: dict[str, Tensor] = translate(dict(state), backbone)
    except (KeyError, RuntimeError, ValueError, AttributeError):
        return state  # not one of the layouts timm knows; the report names what does not fit
    return translated


@dataclass(frozen=True)
class Fit:
    """Which weights of a model a file has; `str()` names those that do not fit."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]

    @classmethod
    def of(cls, expected: dict[str, Tensor], given: dict[str, Tensor]) -> "Fit":
        """Compare names and shapes."""
        return cls(
            tuple(sorted(expected.keys() - given.keys())),
            tuple(sorted(given.keys() - expected.keys())),
            tuple(
                f"{name} is {list(given[name].shape)} instead of {list(value.shape)}"
                for name, value in expected.items()
                if name in given and given[name].shape != value.shape
            ),
        )

    @property
    def complete(self) -> bool:
        """Whether every weight has its own."""
        return not (self.missing or self.unexpected or self.reshaped)

    def __str__(self) -> str:
        parts = (
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("of another shape", self.reshaped),
        )
        return "; ".join(f"{len(names)} {what} ({_first(names)})" for what, names in parts if names)


def _first(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
