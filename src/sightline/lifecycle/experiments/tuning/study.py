"""A search in a SQLite file, by Optuna: what to try next, what to give up, and what is known so far."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import JsonValue

from sightline.errors import InputError
from sightline.extras import require
from sightline.lifecycle.experiments.tuning.result import TunedTrial
from sightline.lifecycle.experiments.tuning.space import Choice, IntRange, Space, as_text, dump_space

_NAME = "sightline"
_FEWEST_FOR_IMPORTANCE = 10
_FEWEST_TO_PRUNE = 5


@dataclass(frozen=True)
class Question:
    """What a study searches; a study goes on only with the same one.

    recipe
        As JSON values, as far as it plays a part.
    warm_up_epochs
        No trial is given up in these.
    """

    recipe: Mapping[str, JsonValue]
    dataset: str
    space: Space
    metric: str
    larger_is_better: bool
    seed: int
    warm_up_epochs: int

    def written(self) -> dict[str, Any]:
        """As JSON values, to be kept in the study."""
        return {
            "recipe": dict(self.recipe),
            "dataset": self.dataset,
            "space": dump_space(self.space),
            "metric": self.metric,
        }


class Asked:
    """A trial that has begun."""

    def __init__(self, study: Any, trial: Any, changes: dict[str, JsonValue]) -> None:
        self._study = study
        self._trial = trial
        self.changes = changes
        self.number: int = trial.number

    def worth_going_on(self, epoch: int, value: float) -> bool:
        """Whether its best value so far is at least the median of the others after the same epoch."""
        self._trial.report(value, epoch)
        return not self._trial.should_prune()

    def tell(self, result: TunedTrial) -> None:
        """Keep what came of it. A failed one counts as worse than all others."""
        states = require("optuna").trial.TrialState
        self._trial.set_user_attr("result", result.model_dump(mode="json"))
        if result.state == "complete":
            self._study.tell(self._trial, result.value)
        else:
            self._study.tell(self._trial, state=states.PRUNED)

    def give_back(self) -> None:
        """It has not come to its end: it is as if it had never begun."""
        self._study.tell(self._trial, state=require("optuna").trial.TrialState.FAIL)


class OpenStudy:
    """A study that is open; used by one process at a time."""

    def __init__(self, study: Any, question: Question) -> None:
        self._study = study
        self._question = question

    def ended(self) -> tuple[TunedTrial, ...]:
        """Trials that have ended, in their order."""
        kept = (trial.user_attrs.get("result") for trial in self._study.get_trials(deepcopy=False))
        return tuple(TunedTrial.model_validate(result) for result in kept if result is not None)

    def ask(self, first: Mapping[str, JsonValue] | None = None) -> Asked:
        """Begin a trial; `first`: what to try if nothing has been tried.

        What it draws depends on the seed and on the trials that have ended, so that a search that was killed
        goes on as if it had not been.
        """
        optuna, question = require("optuna"), self._question
        ended = len(self.ended())
        state = np.random.SeedSequence([question.seed, ended]).generate_state(1)
        self._study.sampler = optuna.samplers.TPESampler(seed=int(state[0]), constant_liar=False)
        if first is not None and ended == 0:
            self._enqueue(first)
        trial = self._study.ask()
        return Asked(self._study, trial, _suggest(trial, question.space))

    def _enqueue(self, values: Mapping[str, JsonValue]) -> None:
        waiting = require("optuna").trial.TrialState.WAITING
        if self._study.get_trials(deepcopy=False, states=(waiting,)):
            return
        choices = {key for key, domain in self._question.space.items() if isinstance(domain, Choice)}
        self._study.enqueue_trial(
            {key: as_text(value) if key in choices else value for key, value in values.items()}
        )

    def importances(self) -> dict[str, float]:
        """Share of each key in the differences between complete trials; empty for too few of them."""
        complete = [trial for trial in self.ended() if trial.state == "complete"]
        if len(complete) < _FEWEST_FOR_IMPORTANCE:
            return {}
        found: dict[str, float] = require("optuna").importance.get_param_importances(self._study)
        return found


@contextmanager
def open_study(file: Path, question: Question) -> Iterator[OpenStudy]:
    """Open the study in a SQLite file, or begin one.

    Raises:
        MissingExtra: Optuna is not installed.
        InputError: the file is no study, or one of another recipe, other data, or another space.
    """
    optuna = require("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = _storage(file)
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=_NAME,
            direction="maximize" if question.larger_is_better else "minimize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=_FEWEST_TO_PRUNE, n_warmup_steps=question.warm_up_epochs + 1
            ),
        )
        _require_same(study, question, file)
        yield OpenStudy(study, question)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _storage(file: Path) -> Any:
    sqlalchemy = require("sqlalchemy")
    url = sqlalchemy.URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)
    try:
        return require("optuna").storages.RDBStorage(url)
    except (sqlalchemy.exc.SQLAlchemyError, RuntimeError) as err:
        reason = str(err).splitlines()[0]
        raise InputError(
            f"'{file}' cannot be used as a study: {reason}. Choose another file with --study."
        ) from err


def _require_same(study: Any, question: Question, file: Path) -> None:
    """A study of something else is refused; what differs is named."""
    kept, asked = study.user_attrs.get(_NAME), json.loads(json.dumps(question.written()))
    if kept is None:
        if study.get_trials(deepcopy=False):
            raise InputError(
                f"The study in '{file}' was not made by sightline tune. Choose another file with --study."
            )
        study.set_user_attr(_NAME, asked)
        return
    different = sorted(_differences(kept, asked))
    if different:
        raise InputError(
            f"The study in '{file}' is one of something else: {'; '.join(different)}. "
            "Ask as before, or begin another one with --study."
        )


def _differences(kept: Any, asked: Any, key: str = "") -> Iterator[str]:
    if isinstance(kept, dict) and isinstance(asked, dict):
        for name in kept.keys() | asked.keys():
            yield from _differences(kept.get(name), asked.get(name), f"{key}.{name}" if key else name)
    elif kept != asked:
        yield f"{key.removeprefix('recipe.')} was {_shown(kept)} and is {_shown(asked)}"


def _shown(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


def _suggest(trial: Any, space: Space) -> dict[str, JsonValue]:
    changes: dict[str, JsonValue] = {}
    for key, domain in space.items():
        if isinstance(domain, Choice):
            changes[key] = json.loads(trial.suggest_categorical(key, [as_text(one) for one in domain.values]))
        elif isinstance(domain, IntRange):
            changes[key] = trial.suggest_int(key, domain.low, domain.high, log=domain.log)
        else:
            changes[key] = trial.suggest_float(key, domain.low, domain.high, log=domain.log)
    return changes
