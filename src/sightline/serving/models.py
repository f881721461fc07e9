"""The models in service: how one is opened and made sure of, and who has which name."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sightline.bundle import Bundle
from sightline.errors import UnknownModel
from sightline.inference import Explainer, Predictor, open_explainer, open_predictor, replay_golden
from sightline.inference.measuring import batch_size_here, cache_folder, fastest_here, warm
from sightline.serving.memory import give_back
from sightline.serving.settings import ServerSettings
from sightline.serving.trust import read_trusted

_ROW = 4
"""On a CPU, whatever goes through the graph together: our own code runs with cold caches after each graph, so it
costs less for four answers in a row (decision 31)."""


@dataclass(frozen=True)
class Served:
    """A model that answers.

    path
        Where its bundle lay when it was read; None: it was never on a disk.
    batch_size, company
        So many pictures at most go through the graph together, and are answered by one thread together.
    """

    name: str
    predictor: Predictor
    explainer: Explainer
    path: Path | None = None
    batch_size: int = 1
    company: int = 1

    @property
    def bundle(self) -> Bundle:
        """What it answers by."""
        return self.predictor.bundle


def open_model(path: Path, settings: ServerSettings, name: str | None = None) -> Served:
    """Read a bundle, verify all of it, and open what answers; `check_model` is still to be called.

    name
        None: the manifest's.

    Raises:
        InputError: there is no bundle at this place, or it has no such variant.
        MissingExtra: the variant needs a runtime that is not installed.
        BundleError: it cannot be trusted or used.
    """
    bundle = read_trusted(path, settings)
    automatic = settings.variant == "auto"
    chosen = fastest_here(bundle, cache_folder())[0] if automatic else bundle.with_variant(settings.variant)
    predictor = open_predictor(chosen, threads=1)
    served = Served(name or bundle.manifest.name, predictor, Explainer(predictor, None), path)
    return _sized(served, settings.max_batch_size or 1, settings)


def check_model(served: Served, settings: ServerSettings) -> Served:
    """Replay the golden images, which also warms the graph; return the model ready to answer and to explain.

    On a GPU the best batch size is measured, too, unless it is set, and the GPU set up for it: there a start takes
    seconds anyway. On a CPU that is left to `with_batch_size`.

    Raises:
        BundleError: the golden images give other answers here, or the head cannot be used.
    """
    replay_golden(served.bundle, served.predictor.engine)
    ready = replace(served, explainer=open_explainer(served.predictor))
    give_back()
    if served.predictor.engine.one_at_a_time:
        ready = with_batch_size(ready, settings)
        warm(ready.bundle, ready.predictor.engine)
    return ready


def with_batch_size(served: Served, settings: ServerSettings) -> Served:
    """The model with the batch size that is set, or the best one here; it may have to be measured, in a second."""
    size = settings.max_batch_size or batch_size_here(served.bundle, served.predictor.engine)
    return _sized(served, size, settings)


def _sized(served: Served, batch_size: int, settings: ServerSettings) -> Served:
    if (
        served.predictor.engine.one_at_a_time
    ):  # there each picture goes to the device as soon as it is decoded
        return replace(served, batch_size=batch_size)
    company = batch_size if settings.max_batch_size else max(batch_size, _ROW)
    return replace(served, batch_size=batch_size, company=company)


def threads_for(models: Iterable[Served]) -> int:
    """A thread a core; with OpenVINO one more, for it computes on threads of its own while ours wait (decision 31)."""
    variants = [one.bundle.manifest.variants[one.bundle.manifest.default_variant] for one in models]
    return (os.cpu_count() or 1) + any(one.engine == "openvino" for one in variants)


class Models:
    """Models by name. All methods belong to the event loop."""

    def __init__(self, models: Sequence[Served]) -> None:
        self._models = {model.name: model for model in models}
        self._first = next(iter(self._models))

    def __iter__(self) -> Iterator[Served]:
        return iter(self._models.values())

    def find(self, name: str | None = None) -> Served:
        """The model of this name; None: the first that was given.

        Raises:
            UnknownModel: none has it.
        """
        found = self._models.get(self._first if name is None else name)
        if found is None:
            known = ", ".join(f"'{one}'" for one in self._models) or "none"
            wanted = "a default model" if name is None else f"a model '{name[:80]}'"
            raise UnknownModel(f"There is no such thing as {wanted} in service. In service: {known}.")
        return found

    def put(self, model: Served) -> None:
        """Let it answer under its name from now on; what another one has begun is finished by that."""
        self._models[model.name] = model

    def exchange(self, old: Served, new: Served) -> None:
        """Put one in the other's place, unless that has been replaced or removed meanwhile."""
        if self._models.get(old.name) is old:
            self.put(new)

    def remove(self, name: str) -> None:
        """Let nothing answer under this name. Raises `UnknownModel`."""
        del self._models[self.find(name).name]
