"""The metrics of several processes as those of one service: whichever is asked asks the others, and adds up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from sightline.monitoring import ServiceMetrics

_PATIENCE_S: Final = 1.0
_OPEN_METRICS: Final = "application/openmetrics-text; version=1.0.0"
_LEAST: Final = ("sightline_ready", "_timestamp_seconds", "_start_time_seconds")
_SAME: Final = ("_info",)


class Siblings:
    """The processes that answer at one address, as one of them sees them.

    Each answers the text of its own metrics to whoever connects to its Unix socket in the folder.
    """

    def __init__(
        self, metrics: ServiceMetrics, folder: Path, number: int, count: int, replaced: int = 0
    ) -> None:
        self._metrics, self._folder, self._number, self._count = metrics, folder, number, count
        self._replaced = replaced

    def note_replaced(self, count: int) -> None:
        """Know how many processes have been replaced so far, as the one above says."""
        self._replaced = count

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer the others until the block ends."""
        place = self._place(self._number)
        place.unlink(missing_ok=True)  # of the one before, which could not clean up
        server = await asyncio.start_unix_server(self._answer, place)
        try:
            yield
        finally:
            server.close()
            place.unlink(missing_ok=True)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The sum in the format that a header `Accept` asks for, and its content type; see `merge`."""
        others = (self._ask(number) for number in range(self._count) if number != self._number)
        found = [text for text in await asyncio.gather(*others) if text is not None]
        return await asyncio.to_thread(self._add_up, found, accept)

    def _add_up(self, others: Sequence[str], accept: str) -> tuple[bytes, str]:
        families = merge([self._own(), *others])
        for name, help_text, value in (
            ("sightline_workers", "Processes that are to answer.", self._count),
            (
                "sightline_workers_left_out",
                "Of these, such as did not answer for these metrics: starting or stuck.",
                self._count - 1 - len(others),
            ),
        ):
            families.append(GaugeMetricFamily(name, help_text, value))
        families.append(
            CounterMetricFamily(
                "sightline_workers_replaced", "Processes that ended or were stuck.", self._replaced
            )
        )
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Fixed(families))
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    def _own(self) -> str:
        return self._metrics.render(_OPEN_METRICS)[0].decode()

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(self._own().encode())
            await writer.drain()
        writer.close()

    async def _ask(self, number: int) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_unix_connection(self._place(number))
                try:
                    text = (await reader.read()).decode()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return None
        return text if text.endswith("# EOF\n") else None

    def _place(self, number: int) -> Path:
        return self._folder / f"{number}.sock"


def merge(texts: Iterable[str]) -> list[Metric]:
    """Add up texts in the format OpenMetrics, of processes that do the same.

    Counters, histograms, summaries and gauges are summed. What says since when, and whether a process is ready, is the
    least of all; what is 1 for its labels stays 1.
    """
    families: dict[str, Metric] = {}
    sums: dict[str, dict[tuple[str, frozenset[tuple[str, str]]], Sample]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
            families.setdefault(family.name, family)
            known = sums.setdefault(family.name, {})
            for sample in family.samples:
                series = (sample.name, frozenset(sample.labels.items()))
                known[series] = _add(known.get(series), sample, family.name)
    for name, family in families.items():
        family.samples = _in_order(sums[name])
    return list(families.values())


def _add(before: Sample | None, sample: Sample, name: str) -> Sample:
    if before is None:
        return sample
    values = (before.value, sample.value)
    if name.endswith(_LEAST):
        value = min(values)
    elif name.endswith(_SAME):
        value = max(values)
    else:
        value = sum(values)
    return before._replace(value=value, exemplar=before.exemplar or sample.exemplar)


def _in_order(samples: Mapping[tuple[str, frozenset[tuple[str, str]]], Sample]) -> list[Sample]:
    """The samples of one set of labels together, as the format wants them; else as they came."""
    groups: dict[frozenset[tuple[str, str]], list[Sample]] = {}
    for (_, labels), sample in samples.items():
        groups.setdefault(frozenset(pair for pair in labels if pair[0] != "le"), []).append(sample)
    return [sample for group in groups.values() for sample in group]


class _Fixed(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Give what there is."""
        return self._families
