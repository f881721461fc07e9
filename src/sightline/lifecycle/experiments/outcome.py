"""A trial in a few words."""

from sightline.lifecycle.experiments.trial import Trial


def outcome(trial: Trial) -> str:
    """The metric and the time, or why the training failed."""
    if trial.value is None:
        return f"failed: {trial.error}"
    return f"{trial.metric} {trial.value:.4f} in epoch {trial.best_epoch} of {trial.epochs}, {trial.seconds:.1f} s"
