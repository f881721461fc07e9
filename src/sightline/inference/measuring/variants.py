"""Which of a bundle's variants is fastest on this machine: measured here once, then remembered."""

from functools import partial
from pathlib import Path

from sightline.bundle import Bundle
from sightline.errors import BundleError, MissingExtra
from sightline.inference.engine import Engine, open_engine
from sightline.inference.golden import read_golden, replay_variant
from sightline.inference.measuring.cached import VariantSpeeds, keep_speeds, read_speeds
from sightline.inference.measuring.machine import this_machine
from sightline.inference.measuring.speed import measure_throughput


def measure_variants(bundle: Bundle) -> VariantSpeeds:
    """Time every variant that is installed here and reproduces the golden images, within its tolerance."""
    openers, problems = {}, {}
    for name in bundle.sealed.variants:
        candidate = bundle.with_variant(name)
        try:
            replay_variant(candidate, open_engine(candidate, threads=1))
        except (BundleError, MissingExtra) as err:
            problems[name] = str(err)
        else:
            openers[name] = partial(_open, candidate)
    image = read_golden(bundle)[1].pixels[:1]
    rates = measure_throughput(openers, image) if openers else {}
    return VariantSpeeds(
        bundle_id=bundle.id,
        machine=this_machine(),
        images_per_s={
            name: rates[name].by_session_per_core if name in rates else None
            for name in bundle.sealed.variants
        },
        problems=problems,
    )


def fastest_here(bundle: Bundle, folder: Path) -> tuple[Bundle, VariantSpeeds | None]:
    """The bundle answering by its fastest variant on this machine, and the speeds that say so.

    A bundle with one variant is not measured. Where none can be used, the default stays, whose error will be told.
    """
    if len(bundle.sealed.variants) == 1:
        return bundle, None
    speeds = read_speeds(bundle.id, this_machine(), folder)
    if speeds is None or set(speeds.images_per_s) != set(bundle.sealed.variants):
        speeds = measure_variants(bundle)
        keep_speeds(speeds, folder)
    able = {name: rate for name, rate in speeds.images_per_s.items() if rate is not None}
    if not able:
        return bundle, speeds
    return bundle.with_variant(max(able, key=able.__getitem__)), speeds


def _open(bundle: Bundle, threads: int) -> Engine:
    return open_engine(bundle, threads=threads)
