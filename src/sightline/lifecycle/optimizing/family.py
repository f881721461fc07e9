"""A bundle with all that is tried of it: its graph and those made from it, in every runtime and precision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sightline.bundle import Bundle
from sightline.dataset import Dataset
from sightline.inference import open_engine, replay_golden
from sightline.lifecycle.optimizing.candidates import Candidate, float_candidates, reference_of
from sightline.lifecycle.optimizing.judging import Judge, Tried
from sightline.lifecycle.optimizing.material import Listen, Material, gather

More = Callable[[Bundle, Material, Listen], Sequence[Candidate]]
"""Makes further candidates, of graphs that are yet to be made."""


@dataclass(frozen=True)
class Family:
    """What was tried of one bundle.

    prefix
        Begins the names of its candidates in a table with those of others; "" for the bundle that is optimised.
    tried
        Its own reference first.
    """

    prefix: str
    bundle: Bundle
    material: Material
    tried: tuple[Tried, ...]

    @property
    def reference(self) -> Tried:
        """Its graph as it was exported, in float32."""
        return self.tried[0]

    def variant_name(self, candidate: Candidate) -> str:
        """What a candidate is called in its own bundle."""
        return candidate.name.removeprefix(self.prefix)


def try_family(prefix: str, bundle: Bundle, dataset: Dataset, listen: Listen, more: Sequence[More]) -> Family:
    """Run everything that can be tried of a bundle over the held-out pictures.

    Raises:
        InputError: pictures of a kind are too few.
        GoldenMismatch: this machine does not give what was evaluated.
    """
    bundle = bundle.with_variant(reference_of(bundle))
    replay_golden(bundle, open_engine(bundle))
    material = gather(bundle, dataset, listen)
    candidates = [*float_candidates(bundle)]
    for make in more:
        candidates += make(bundle, material, listen)
    judge = Judge(bundle, material)
    progress = listen(f"Judging {prefix.rstrip('-')}".rstrip())
    tried = []
    for done, candidate in enumerate(candidates):
        tried.append(judge.answer(replace(candidate, name=f"{prefix}{candidate.name}")))
        progress(done + 1, len(candidates))
    return Family(prefix, bundle, material, tuple(tried))
