"""Which variants are kept, which one serves, and which lie on the front."""

from collections.abc import Sequence

from sightline.lifecycle.optimizing.records import Row, Wanted


def settle(rows: Sequence[Row], wanted: Wanted) -> tuple[tuple[Row, ...], str | None, str]:
    """Return the rows with their roles, the name of the serving default, and what the closest miss lacks.

    Kept is what passed its gate, gains enough, and lies within the limits. Of those, and the reference if it lies
    within the limits, the one with the highest throughput serves.
    """
    settled = [_with_role(row, wanted) for row in rows]
    passed = [row for row in settled if row.role != "refused"]
    settled = [
        row.model_copy(update={"on_front": row in passed and _on_front(row, passed)}) for row in settled
    ]
    able = [row for row in settled if row.role != "refused" and not over_limits(row, wanted)]
    if able:
        return tuple(settled), max(able, key=_rate).name, ""
    nearest = min((row for row in settled if _is_as_good(row)), key=lambda row: _excess(row, wanted))
    return tuple(settled), None, f"'{nearest.name}' comes closest: {'; '.join(over_limits(nearest, wanted))}"


def over_limits(row: Row, wanted: Wanted) -> tuple[str, ...]:
    """Which limits on latency and size it breaks, a phrase each."""
    found = []
    latency, size = wanted.max_latency_ms, wanted.max_size_mb
    if latency is not None and row.single.p95_ms > latency:
        found.append(f"{row.single.p95_ms:.1f} ms (p95, one picture) where {latency:g} are allowed")
    if size is not None and row.size_mb > size:
        found.append(f"{row.size_mb:.1f} MB where {size:g} are allowed")
    return tuple(found)


def _with_role(row: Row, wanted: Wanted) -> Row:
    if row.role == "reference":
        return row
    reasons = [*row.reasons, *(row.gate.objections if row.gate else ())]
    gain, least = row.throughput.ratio, row.throughput.least_ratio
    if gain < wanted.least_gain:
        reasons.append(f"not faster: {gain:.2f} times the reference, {wanted.least_gain:g} are asked for")
    elif least < min(1.0, wanted.least_gain):
        reasons.append(
            f"not surely faster: {gain:.2f} times the reference, but {least:.2f} in two of the rounds"
        )
    reasons += over_limits(row, wanted)
    return row.model_copy(update={"role": "refused" if reasons else "kept", "reasons": tuple(reasons)})


def _is_as_good(row: Row) -> bool:
    return row.role == "reference" or (row.gate is not None and row.gate.passed)


def _on_front(row: Row, others: Sequence[Row]) -> bool:
    return not any(
        _rate(other) >= _rate(row)
        and other.accuracy >= row.accuracy
        and other.size_mb <= row.size_mb
        and (_rate(other), other.accuracy, -other.size_mb) != (_rate(row), row.accuracy, -row.size_mb)
        for other in others
    )


def _rate(row: Row) -> float:
    return row.throughput.by_session_per_core


def _excess(row: Row, wanted: Wanted) -> float:
    """How many times over its limits, at the worst."""
    latency, size = wanted.max_latency_ms, wanted.max_size_mb
    return max(
        row.single.p95_ms / latency if latency else 0.0,
        row.size_mb / size if size else 0.0,
    )
