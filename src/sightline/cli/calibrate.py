"""`sightline calibrate`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sightline.bundle import Bundle
    from sightline.cli.progress import Display
    from sightline.evaluation.operating import Wishes
    from sightline.lifecycle.calibrate import Recalibrated
    from sightline.parallel import Progress
    from sightline.training.recipe.sections import DecisionSection


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    data: Annotated[
        str, typer.Argument(help="Labelled images that training has not seen.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the new bundle goes.", show_default=False)],
    aim: Annotated[
        list[str] | None,
        typer.Option(
            help="recall(LABEL) >= 0.99, precision(LABEL) >= 0.99, accuracy >= 0.99 or max_f1; * for every label.",
            show_default=False,
        ),
    ] = None,
    costs: Annotated[
        Path | None, typer.Option(help="A CSV table of costs, row = truth, column = answer.")
    ] = None,
    review_capacity: Annotated[
        str | None, typer.Option(metavar="RATE", help="What people can look at, as in 200/day.")
    ] = None,
    traffic: Annotated[str | None, typer.Option(metavar="RATE", help="What comes, as in 10000/day.")] = None,
    priority: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Whose pictures review is spent on first.", show_default=False),
    ] = None,
    sets: Annotated[str | None, typer.Option(metavar="KIND", help="Prediction sets: lac or aps.")] = None,
    coverage: Annotated[float | None, typer.Option(help="Of the sets. Default: 0.95.")] = None,
    confidence: Annotated[
        float | None, typer.Option(help="With which aims hold on fresh images. Default: 0.95.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(help="What belongs together, as in the recipe's data.group_by. Near copies always do."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fit calibration and thresholds anew, and write a new bundle with the same graph.

    Images that training has seen are left out; those of the test split judge the new decision. Without any aim,
    capacity, cost or set, what the recipe in the bundle asks for is asked for again.
    """
    from functools import partial

    from sightline.bundle import check_target
    from sightline.cli.progress import Display
    from sightline.dataset import ReadOptions, examine_dataset
    from sightline.inference import load
    from sightline.lifecycle.calibrate import calibrate_bundle, require_one_variant

    given: dict[str, Any] = {
        "aims": aim or None,
        "costs": None if costs is None else str(costs),
        "review_capacity": review_capacity,
        "traffic": traffic,
        "priority": priority or None,
        "sets": sets,
        "coverage": coverage,
        "confidence": confidence,
    }
    check_target(out)
    predictor = load(bundle)
    require_one_variant(predictor.bundle)
    section, wishes = _wishes(predictor.bundle, {key: one for key, one in given.items() if one is not None})
    with Display(quiet=as_json) as display:
        options = ReadOptions(limits=predictor.bundle.manifest.preprocessing.limits, group_by=group_by)
        dataset = examine_dataset(data, options, partial(_listen, display)).dataset
        display.stage("Scoring, calibrating and choosing thresholds")
        made = calibrate_bundle(predictor, dataset, section, wishes, out, display.progress)
    if as_json:
        typer.echo(json.dumps(_as_json(made)))
    else:
        _print(made, predictor.bundle.manifest.labels)


def _listen(display: "Display", title: str) -> "Progress":
    display.stage(title)
    return display.progress


def _wishes(bundle: "Bundle", given: dict[str, Any]) -> "tuple[DecisionSection, Wishes]":
    """What the command line asks for, or else what the bundle's recipe does; its costs are those in the bundle.

    Raises:
        InputError: an option cannot be read, cannot be meant, or does not go with the labels; all are listed.
        RecipeError: the same, of what the bundle's recipe asks for.
    """
    from dataclasses import replace

    from sightline.errors import InputError
    from sightline.evaluation.operating import check_wishes
    from sightline.lifecycle.calibrate import section_of
    from sightline.lifecycle.decision import read_wishes

    manifest = bundle.manifest
    if not given:
        section = section_of(bundle)
        wishes = replace(section.wishes(), costs=manifest.decision.costs)
        check_wishes(wishes, manifest.labels, manifest.task)
        return section, wishes
    section, mistakes = _section(given)
    wishes, wrong = read_wishes(section, manifest.labels, manifest.task)
    mistakes += [(one.key, one.problem) for one in wrong if one.key not in dict(mistakes)]
    if mistakes:
        listed = "\n".join(f"  {_option(key)}: {problem}" for key, problem in mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise InputError(f"What is asked of the decision has {count}:\n{listed}")
    return section, wishes


def _section(given: dict[str, Any]) -> "tuple[DecisionSection, list[tuple[str, str]]]":
    """The options that can be read, as a section of a recipe, and what is wrong with the others, each with its key."""
    from pydantic import ValidationError

    from sightline.training.recipe.mistakes import mistakes_of
    from sightline.training.recipe.sections import DecisionSection

    try:
        return DecisionSection.model_validate(given), []
    except ValidationError as err:
        found = [(one.key.partition(".")[0], one.problem) for one in mistakes_of(err, DecisionSection)]
    # A rate that cannot be read is there all the same: its partner is not alone.
    wrong = dict(found)
    stand_in = (
        {"review_capacity": "1/day", "traffic": "1/day"}
        if {"review_capacity", "traffic"} & set(wrong)
        else {}
    )
    left = {key: one for key, one in given.items() if key not in wrong}
    return DecisionSection.model_validate({**left, **stand_in}), found


def _option(key: str) -> str:
    return "--" + {"aims": "aim"}.get(key, key.replace("_", "-"))


def _as_json(made: "Recalibrated") -> dict[str, Any]:
    return {
        "bundle": str(made.path),
        "id": made.id,
        "decision": made.rule.model_dump(mode="json"),
        "decision_report": made.report.model_dump(mode="json"),
        "notices": made.notices,
        **{split: one.model_dump(mode="json") for split, one in made.evaluations.items()},
    }


def _print(made: "Recalibrated", labels: tuple[str, ...]) -> None:
    from sightline.cli.decision import print_decision
    from sightline.cli.figures import print_evaluation
    from sightline.cli.tables import cell, console

    if "test" in made.evaluations:
        print_evaluation(made.evaluations["test"], "test")
    print_decision(made.rule, made.report, labels)
    out = console()
    for notice in (*made.notices, *made.report.calibration.notices):
        out.print(f"[yellow]{cell(notice)}[/]")
    out.print(f"Bundle: {made.path} ({made.id[:12]}…), the graph as it was.", markup=False)
