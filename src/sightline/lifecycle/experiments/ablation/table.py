"""An ablation as a table that people read, in Markdown."""

from sightline.lifecycle.experiments.ablation.result import Ablation, Row

HEADER = ("augmentation", "mean", "difference to the full list", "95 % interval", "the step")


def row_cells(row: Row) -> tuple[str, ...]:
    """A row as text, in the order of `HEADER`."""
    verdict: str = row.verdict or ""
    if row.kind == "nothing" and row.verdict in ("helps", "hurts"):
        verdict = f"the list {row.verdict}"
    return (
        row.name,
        "failed" if row.mean is None else f"{row.mean:.4f}",
        "" if row.difference is None else f"{row.difference:+.4f}",
        "" if row.low is None or row.high is None else f"{row.low:+.4f} to {row.high:+.4f}",
        verdict,
    )


def title(ablation: Ablation) -> str:
    """What was done, in a sentence."""
    better = "larger" if ablation.larger_is_better else "smaller"
    return (
        f"{ablation.metric} on val ({better} is better): {ablation.train_images:,} pictures learnt from, "
        f"{ablation.val_images:,} judged, {ablation.epochs} epochs, "
        f"seeds {ablation.seeds[0]} to {ablation.seeds[-1]}."
    )


def ablation_markdown(ablation: Ablation) -> str:
    """The whole page."""
    lines = ["# The worth of each step of the augmentation", "", title(ablation), ""]
    lines += [_line(HEADER), "|---|---|---|---|---|"]
    lines += [_line(row_cells(row)) for row in ablation.rows]
    lines += ["", *(f"- {note}" for note in ablation.notes)]
    errors = [f"- {row.name}, {error}" for row in ablation.rows for error in row.errors]
    if errors:
        lines += ["", "Trainings that failed:", "", *errors]
    lines += ["", f"Data: {ablation.dataset}"]
    return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
