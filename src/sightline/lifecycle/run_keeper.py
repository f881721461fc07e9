"""The record of a run beside its bundle: begun, told, ended as it ended, and gone on with."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sightline.evaluation import AnyEvaluation, headline
from sightline.lifecycle.prepare import PreparedData
from sightline.lifecycle.provenance import hardware, package_versions, python_version
from sightline.lifecycle.restart import Restart
from sightline.training import (
    WEIGHTS_FILE,
    MlflowTracker,
    Progress,
    Recipe,
    RunFacts,
    RunFolder,
    Saving,
    Team,
    Trained,
    WeightsFacts,
    to_yaml,
    write_weights,
)


def run_folder(target: Path) -> Path:
    """Where the record of the run belongs that makes a bundle."""
    return target.resolve().with_name(f"{target.resolve().name}-run")


def saving_of(
    recipe: Recipe, target: Path, restart: Restart, data: PreparedData, team: Team | None
) -> Saving:
    """Where the state of the run is kept, and what must be the same when it is gone on with."""
    identity = {
        "recipe": hashlib.sha256(to_yaml(recipe).encode()).hexdigest(),
        "data set or split": hashlib.sha256(f"{data.digest} {data.counts()}".encode()).hexdigest(),
        "version of PyTorch": package_versions(("torch",))["torch"],
        "number of processes": str(team.size if team else 1),
    }
    return Saving(RunFolder(run_folder(target)).checkpoint_path, identity, resume=restart.resume)


class RunKeeper:
    """The run folder and, if the recipe names one, the tracking server.

    Raises:
        InputError: an earlier run is there and `restart` does not say what to do, or no server is at the address.
    """

    def __init__(self, recipe: Recipe, target: Path, restart: Restart, note: Callable[[str], None]) -> None:
        self._recipe, self._target = recipe, target
        self.folder = RunFolder(run_folder(target))
        # A command that is always given --resume begins the first time, and after a run that left no state.
        left = self.folder.checkpoint_path.exists()
        self._restart = Restart(resume=restart.resume and left, fresh=restart.fresh)
        self.folder.check(resume=self._restart.resume, replace=self._restart.fresh)
        self._tracker: MlflowTracker | None = None
        if recipe.tracking.mlflow is not None:
            self._tracker = MlflowTracker(
                recipe.tracking.mlflow,
                recipe.tracking.experiment,
                target.name,
                folder=self.folder.path,
                note=note,
            )
            self._tracker.check()

    def saving(self, data: PreparedData, team: Team | None) -> Saving:
        """See `saving_of`."""
        return saving_of(self._recipe, self._target, self._restart, data, team)

    @contextmanager
    def keeping(self, data: PreparedData) -> Iterator[tuple[Progress, ...]]:
        """Within it the run is `running`; left by an error or a signal, it ends as that. Gives the listeners."""
        facts = RunFacts(
            recipe=self._recipe,
            dataset={"digest": data.digest, **data.counts(), "classes": len(data.train.labels)},
            environment={
                "python": python_version(),
                **package_versions(),
                **hardware("cpu"),
            },
            command=tuple(sys.argv),
        )
        self.folder.begin(facts, resume=self._restart.resume, replace=self._restart.fresh)
        if self._tracker is not None:
            self._tracker.begin(facts)
        ended = [one for one in (self.folder, self._tracker) if one is not None]
        try:
            yield tuple(ended)
        except (KeyboardInterrupt, SystemExit):
            for one in ended:
                one.stop("Stopped from outside. Go on with --resume.")
            raise
        except BaseException as err:
            for one in ended:
                one.fail(f"{type(err).__name__}: {err}")
            raise

    def finish(
        self,
        bundle_id: str,
        trained: Trained,
        labels: tuple[str, ...],
        evaluations: Mapping[str, AnyEvaluation],
    ) -> None:
        """The bundle is there."""
        facts = WeightsFacts(
            backbone=self._recipe.model.backbone,
            labels=labels,
            pruned=self._recipe.training.prune is not None,
        )
        write_weights(self.folder.path / WEIGHTS_FILE, trained.network, facts)
        figures = {
            f"{split}/{name}": value
            for split, one in evaluations.items()
            for name, value in headline(one).items()
        }
        result = {"bundle_id": bundle_id, "best_epoch": trained.best_epoch, **figures}
        self.folder.finish(result)
        if self._tracker is not None:
            self._tracker.finish(result)
        self.folder.checkpoint_path.unlink(missing_ok=True)
