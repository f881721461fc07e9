"""What a reader of a choice should know before trusting it."""

from collections.abc import Iterator

from sightline.lifecycle.strangers.generate import EMPTY
from sightline.lifecycle.strangers.threshold import least_count
from sightline.records import OutlierChoice


def caveats(choice: OutlierChoice) -> tuple[str, ...]:
    """Sentences; none where no score was chosen."""
    if choice.chosen is None:
        return ()
    return (*_of_size(choice), *_of_split(choice), *_of_empty(choice))


def _of_size(choice: OutlierChoice) -> Iterator[str]:
    asked, needed = choice.false_alarm_rate, least_count(choice.false_alarm_rate)
    if choice.held_out < needed:
        yield (
            f"{choice.held_out} held-out pictures are too few to promise a false-alarm rate of {asked:.3g} for "
            f"strange pictures; they promise {choice.promised_rate:.3g}. It takes {needed}, or a higher "
            "outliers.false_alarm_rate."
        )
    elif choice.held_out_groups < needed:
        yield (
            f"The {choice.held_out} held-out pictures show only {choice.held_out_groups} things, and shots of one "
            f"thing are alike: to hold the false-alarm rate of {asked:.3g} on further things it takes {needed} of them."
        )


def _of_split(choice: OutlierChoice) -> Iterator[str]:
    if choice.held_out_split == "val":
        yield (
            "The threshold for strange pictures was fitted on val, which also chose the epoch: somewhat more false "
            "alarms than promised are to be expected. A calibration split has not that flaw."
        )


def _of_empty(choice: OutlierChoice) -> Iterator[str]:
    own = next(one for one in choice.figures if one.kind == choice.chosen)
    if own.empty_accepted:
        made = sum(count for kind, count in choice.outliers.items() if kind in EMPTY)
        yield (
            f"{own.empty_accepted} of {made} noise and blank pictures would not be rejected: this network hardly tells "
            "them from its own. A pretrained backbone, more training, or a higher outliers.false_alarm_rate helps."
        )
