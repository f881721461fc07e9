"""What is wrong with wishes: by themselves, and for the labels there are. All of it, before anything is trained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sightline.errors import RecipeError
from sightline.evaluation.operating.aims import EVERY, Aim, unknown_label
from sightline.evaluation.operating.wishes import Wishes
from sightline.records import Task


@dataclass(frozen=True)
class WishMistake:
    """One thing to correct: the wish, by the name of its field, and what is wrong with it."""

    key: str
    problem: str

    def __str__(self) -> str:
        return f"decision.{self.key}: {self.problem}"


def contradictions(wishes: Wishes, *, with_costs: bool = False) -> list[WishMistake]:
    """What cannot be meant, whatever the labels. `with_costs`: there will be costs, in a file that is not read yet."""
    return [
        *(WishMistake("aims", problem) for problem in repeated_aims(wishes.aims)),
        *_costs(wishes, with_costs),
        *_capacity(wishes),
        *(
            WishMistake("priority", f"names '{label}' twice; keep one")
            for label in dict.fromkeys(wishes.priority)
            if wishes.priority.count(label) > 1
        ),
    ]


def misfits(wishes: Wishes, labels: Sequence[str], task: Task) -> list[WishMistake]:
    """What cannot be done for these labels, or for this task."""
    return list(_misfits(wishes, labels, task))


def check_wishes(wishes: Wishes, labels: Sequence[str], task: Task) -> None:
    """Refuse what cannot be meant or done.

    Raises:
        RecipeError: all mistakes, each with the key of the recipe.
    """
    refuse([*contradictions(wishes), *misfits(wishes, labels, task)])


def refuse(found: Sequence[WishMistake]) -> None:
    """Raise a RecipeError that lists the mistakes, if there are any."""
    if found:
        count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise RecipeError(
            "\n".join([f"What is asked of the decision has {count}:", *(f"  {one}" for one in found)])
        )


def repeated_aims(aims: Sequence[Aim]) -> list[str]:
    """A sentence for each aim that asks for the same figure of the same label as one before it."""
    first: dict[tuple[str, str | None], Aim] = {}
    found = []
    for aim in aims:
        earlier = first.setdefault((aim.kind, aim.label), aim)
        if earlier is aim:
            continue
        if earlier == aim:
            found.append(f"'{aim}' is there twice; keep one")
        else:
            found.append(f"'{earlier}' and '{aim}' are two aims for the same; keep one")
    return list(dict.fromkeys(found))


def _costs(wishes: Wishes, with_costs: bool) -> Iterator[WishMistake]:
    if (with_costs or wishes.costs is not None) and any(aim.kind == "max_f1" for aim in wishes.aims):
        yield WishMistake(
            "costs",
            "costs and the aim max_f1 each choose the answers: costs the cheapest, max_f1 those of the largest "
            "macro-F1. Keep one of the two",
        )


def _capacity(wishes: Wishes) -> Iterator[WishMistake]:
    if (wishes.review_capacity is None) != (wishes.traffic is None):
        there, absent = (
            ("traffic", "review_capacity")
            if wishes.review_capacity is None
            else ("review_capacity", "traffic")
        )
        problem = f"{there} is given without {absent}: the share to review is the one over the other"
        yield WishMistake(there, problem)
        return
    if wishes.traffic is not None and wishes.traffic <= 0.0:
        yield WishMistake("traffic", "traffic must be above 0")
        return
    share = wishes.review_share
    if share is not None and share > 1.0:
        yield WishMistake(
            "review_capacity",
            f"review_capacity is {wishes.review_capacity:g} a day and traffic {wishes.traffic:g}: everything can be "
            "looked at, and no threshold is needed for that",
        )
    if wishes.priority and share is None:
        yield WishMistake(
            "priority",
            "priority says what the review capacity is spent on first: give review_capacity and traffic",
        )


def _misfits(wishes: Wishes, labels: Sequence[str], task: Task) -> Iterator[WishMistake]:
    for aim in wishes.aims:
        if aim.label is not None and aim.label != EVERY and aim.label not in labels:
            yield WishMistake("aims", unknown_label(f"'{aim}' names", aim.label, labels))
    for label in dict.fromkeys(wishes.priority):
        if label not in labels:
            yield WishMistake("priority", unknown_label("names", label, labels))
    if wishes.costs is not None and {len(wishes.costs), *map(len, wishes.costs)} != {len(labels)}:
        problem = f"have {len(wishes.costs)} rows; {len(labels)} labels need {len(labels)} rows of as many"
        yield WishMistake("costs", problem)
    if task == "multilabel":
        for key in ("costs", "sets"):
            if getattr(wishes, key) is not None:
                yield WishMistake(
                    key, f"{key} is for the task multiclass; this one is multilabel. Leave it out"
                )
