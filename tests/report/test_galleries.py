import numpy as np

from reported import noisy_scores
from sightline.records import DecisionRule, ScoredSet, Scores, ScoresOrigin
from sightline.report import Subject, choose_galleries

LABELS = ("crack", "good", "hole")
ORIGIN = ScoresOrigin(bundle_id="b", graph_sha256="0", split="test")


def subject_of(scores: Scores, groups: np.ndarray | None = None, rule: DecisionRule | None = None) -> Subject:
    return Subject(ScoredSet(scores, ORIGIN, groups), rule or DecisionRule())


def test_of_pictures_that_belong_together_the_surest_mistake_is_shown() -> None:
    scores = noisy_scores(LABELS, 200, sharpness=0.5)
    groups = np.arange(200) // 20

    mistakes = choose_galleries(subject_of(scores, groups)).mistakes

    subject = subject_of(scores)
    rows = [scores.ids.index(card.path) for card in mistakes.cards]
    assert len({groups[row] for row in rows}) == len(rows) <= 10
    assert rows[0] == subject.pictures.surprise.argmax()
    assert mistakes.total == int((~subject.pictures.right).sum()) > len(rows)


def test_the_uncertain_are_not_those_among_the_mistakes() -> None:
    galleries = choose_galleries(subject_of(noisy_scores(LABELS, 200, sharpness=1.0)))

    mistakes = {card.path for card in galleries.mistakes.cards}
    uncertain = {card.path for card in galleries.uncertain.cards}
    assert uncertain
    assert not mistakes & uncertain


def test_an_answer_by_alarm_says_so_on_its_card() -> None:
    rule = DecisionRule(alarm_thresholds=(0.05, None, None))

    cards = choose_galleries(subject_of(noisy_scores(LABELS, 60), rule=rule)).mistakes.cards

    alarms = [card for card in cards if card.note == "answered by an alarm"]
    assert alarms
    assert all(card.answer == ("crack",) and card.beliefs[0].label != "crack" for card in alarms)


def test_doubts_count_for_little_where_the_network_is_often_wrong() -> None:
    good, bad = (choose_galleries(subject_of(noisy_scores(LABELS, 300, sharpness=s))) for s in (5.0, 0.0))

    assert good.doubts_count
    assert not bad.doubts_count
