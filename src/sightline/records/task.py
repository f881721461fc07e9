"""What is true of a picture: exactly one label, or any number of them. One word, from the recipe to the answer."""

from typing import Final, Literal

from sightline.errors import DatasetError

Task = Literal["multiclass", "multilabel"]
Activation = Literal["softmax", "sigmoid"]

ACTIVATIONS: Final[dict[Task, Activation]] = {"multiclass": "softmax", "multilabel": "sigmoid"}
"""Each task has its activation, and no task has the other's."""


def activation_of(task: Task) -> Activation:
    """What turns the logits of a task into probabilities."""
    return ACTIVATIONS[task]


def task_of(activation: Activation) -> Task:
    """The task whose activation it is."""
    return "multiclass" if activation == "softmax" else "multilabel"


def require_task(wanted: Task, **found: Task) -> None:
    """Refuse what belongs to another task; `found` names each thing that was given.

    Raises:
        DatasetError: names the first that differs.
    """
    for name, task in found.items():
        if task != wanted:
            raise DatasetError(
                f"The task of the {name} is {task} where {wanted} is needed. Score and judge with a bundle of one "
                "task only; `task` in the recipe decides which it is."
            )
