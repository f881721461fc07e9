"""Cross-validation, from the folds to the figures."""

from collections.abc import Sequence
from pathlib import Path

from sightline.lifecycle.data_check import table_bytes
from sightline.lifecycle.experiments.crossvalidation.fold_result import FoldResult, planned_fold, run_fold
from sightline.lifecycle.experiments.crossvalidation.plan import Folds
from sightline.lifecycle.experiments.crossvalidation.result import CrossValidation, summarise
from sightline.lifecycle.experiments.journal import Journal
from sightline.lifecycle.experiments.listener import Listener
from sightline.training import Progress, Recipe
from sightline.whole_file import write_whole

FOLDS, RECORD, PREDICTIONS = "folds.jsonl", "crossvalidation.json", "predictions.csv"
_NOTES = (
    "Folds share most of what they learn from; the interval's variance is corrected for it (Nadeau & Bengio 2003), "
    "which no correction does without bias (Bengio & Grandvalet 2004).",
    "Recall is of all held-out pictures together; its interval (Wilson) takes pictures as independent.",
)


def cross_validate(
    recipe: Recipe,
    folds: Folds,
    folder: Path,
    *,
    listener: Listener,
    training_progress: Progress | None = None,
) -> CrossValidation:
    """Train once for each fold and measure on what it holds out.

    Folds that `folder` has already are not run again; record and predictions are written there at the end.

    Raises:
        TrainingError: every training failed.
        DatasetError: a picture has changed since it was read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = _results(recipe, folds, folder, listener, training_progress)
    labels = folds.folds[0].train.labels
    found = summarise(recipe.best_metric, labels, folds.digest, results, (*folds.notes, *_NOTES))
    write_whole(folder / PREDICTIONS, _table(results))
    write_whole(folder / RECORD, found.model_dump_json(indent=1).encode())
    return found


def _results(
    recipe: Recipe, folds: Folds, folder: Path, listener: Listener, progress: Progress | None
) -> list[FoldResult]:
    journal = Journal(folder / FOLDS, FoldResult).open()
    results = []
    for number, fold in enumerate(folds.folds, start=1):
        listener.begin(
            number, len(folds.folds), f"fold {fold.number} held out, {len(fold.held_out):,} pictures"
        )
        result = journal.get(planned_fold(recipe, fold, folds.digest).key)
        known = result is not None
        if result is None:
            result = run_fold(recipe, fold, folds.digest, progress)
            journal.append(result)
        listener.end(_outcome(result, recipe.best_metric) + (", known from before" if known else ""))
        results.append(result)
    return results


def _outcome(result: FoldResult, metric: str) -> str:
    if result.error is not None:
        return f"failed: {result.error}"
    return f"{metric} {result.metrics[metric]:.4f} held out, {result.val_value:.4f} on val, {result.seconds:.1f} s"


def _table(results: Sequence[FoldResult]) -> bytes:
    rows = (
        (str(result.fold), one.path, one.label, one.predicted, f"{one.probability:.6f}")
        for result in results
        for one in result.predictions
    )
    return table_bytes(("fold", "path", "label", "predicted", "probability"), rows)
