"""The line by itself: jobs in, jobs out, no thread and no server."""

import asyncio
import time

import pytest

from sightline.errors import DeadlineExceeded, Overloaded
from sightline.inference import Ask
from sightline.serving.work import Bounds, Heavy, Line, Picture, Waiting

ONE, ANOTHER = object(), object()


@pytest.fixture(autouse=True)
def loop():
    """Futures want an event loop, which none of these tests runs."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    asyncio.set_event_loop(None)
    made.close()


def picture(loop, client="a", *, urgent=False, deadline=float("inf"), gone=False, pixels=1, **more):
    waiting = Waiting(client, urgent, deadline, lambda: gone)
    settings = {"predictor": ONE, "image": b"", "ask": Ask(), **more}
    return Picture(waiting, loop.create_future(), pixels, **settings)


def batches(size):
    return {"batch_size": size, "company": size}


def heavy(loop):
    return Heavy(Waiting(), loop.create_future(), 1, call=lambda waited: waited)


def entered(line, *jobs):
    for job in jobs:
        line.enter(job)
    return jobs


def taken(line):
    """What a thread takes in a row."""
    row = [line.take().job]
    while isinstance(row[0], Picture) and (job := line.another(row).job):
        row.append(job)
    return row


def clients(line, count):
    return "".join(taken(line)[0].waiting.client for _ in range(count))


def test_clients_take_turns_however_much_each_has_waiting(loop):
    line = Line(Bounds(), threads=1)
    entered(line, *(picture(loop, "a") for _ in range(4)), picture(loop, "b"), picture(loop, "c"))

    assert clients(line, 6) == "abcaaa"


def test_a_client_that_comes_late_does_not_wait_for_all_of_another(loop):
    line = Line(Bounds(), threads=1)
    entered(line, *(picture(loop, "a") for _ in range(4)))
    assert clients(line, 2) == "aa"
    entered(line, picture(loop, "b"))

    assert clients(line, 3) in ("aba", "baa")


def test_of_five_turns_the_urgent_have_four_and_the_others_are_not_starved(loop):
    line = Line(Bounds(), threads=1)
    entered(line, *(picture(loop, "usual") for _ in range(10)))
    entered(line, *(picture(loop, "urgent", urgent=True) for _ in range(20)))

    first = [taken(line)[0].waiting.urgent for _ in range(20)]

    assert first.count(True) == 16


@pytest.mark.parametrize(
    "bounds, words",
    [
        (Bounds(images=2), "2 images are in flight; with 1 more it would be over the limit of 2"),
        (Bounds(pixels=250), "Images of 200 pixels are in flight; with 100 more it would be over"),
    ],
    ids=["images", "pixels"],
)
def test_what_is_over_a_bound_is_refused_until_something_leaves(loop, bounds, words):
    line = Line(bounds, threads=1)
    first, _ = entered(line, picture(loop, pixels=100), picture(loop, pixels=100))

    with pytest.raises(Overloaded, match=words):
        line.enter(picture(loop, pixels=100))

    taken(line)
    line.leave(first)
    line.enter(picture(loop, pixels=100))
    assert (line.images, line.pixels) == (2, 200)


def test_one_picture_larger_than_the_bound_is_let_in_alone(loop):
    line = Line(Bounds(pixels=10), threads=1)

    line.enter(picture(loop, pixels=100))

    with pytest.raises(Overloaded):
        line.enter(picture(loop, pixels=1))


def test_what_would_be_answered_too_late_is_refused_at_the_pace_of_late(loop):
    line = Line(Bounds(wait_s=0.35), threads=2)
    line.worked(images=1, seconds=0.2)
    entered(line, picture(loop), picture(loop))

    with pytest.raises(Overloaded, match=r"would take 465 ms, longer than the 350 ms") as refused:
        line.enter(picture(loop))
    assert line.images == 2
    assert refused.value.retry_after_s == 1


def test_at_an_idle_server_a_promise_that_cannot_be_kept_refuses_nothing(loop):
    line = Line(Bounds(wait_s=0.1), threads=1)
    line.worked(images=1, seconds=5.0)

    line.enter(picture(loop))

    assert line.images == 1


def test_what_is_out_of_time_or_has_nobody_waiting_is_dropped_before_any_work(loop):
    line = Line(Bounds(), threads=1)
    late, gone, answered, good = entered(
        line,
        picture(loop, deadline=time.monotonic() - 1),
        picture(loop, gone=True),
        picture(loop),
        picture(loop),
    )
    answered.answer.set_result(None)

    found = line.take()

    assert found.job is good
    assert [job for job, _ in found.dropped] == [late, gone, answered]
    assert isinstance(found.dropped[0][1], DeadlineExceeded)


def test_company_is_of_one_predictor_and_leaves_the_other_threads_their_share(loop):
    line = Line(Bounds(), threads=2)
    ones = entered(line, *(picture(loop, **batches(8)) for _ in range(6)))
    (another,) = entered(line, picture(loop, predictor=ANOTHER, **batches(8)))

    rounds = [taken(line) for _ in range(3)]

    assert [len(jobs) for jobs in rounds] == [4, 2, 1]
    assert rounds[0] + rounds[1] == list(ones)
    assert rounds[2] == [another]


def test_company_takes_half_of_a_promised_time_at_most(loop):
    line = Line(Bounds(wait_s=0.1), threads=1)
    line.worked(1, 0.0105)
    entered(line, *(picture(loop, **batches(8)) for _ in range(6)))

    assert [len(taken(line)) for _ in range(2)] == [4, 2]


def test_a_row_longer_than_a_batch_is_half_of_what_each_thread_would_have(loop):
    line = Line(Bounds(), threads=2)
    entered(line, *(picture(loop, batch_size=2, company=4) for _ in range(12)))

    assert [len(taken(line)) for _ in range(6)] == [3, 3, 2, 2, 1, 1]


def test_a_row_grows_by_what_comes_while_it_is_decoded(loop):
    line = Line(Bounds(), threads=1)
    (first,) = entered(line, picture(loop, company=3))
    row = [line.take().job]
    late, second = entered(line, picture(loop, gone=True, company=3), picture(loop, company=3))

    found = line.another(row)

    assert row == [first]
    assert found.job is second
    assert [job for job, _ in found.dropped] == [late]
    assert line.another([first, second]).job is None


@pytest.mark.parametrize("seconds_each, rows", [(0.01, [3, 2, 1]), (0.02, [2, 2, 1, 1]), (0.2, [1] * 6)])
def test_a_row_of_slow_pictures_is_no_longer_than_a_batch(loop, seconds_each, rows):
    line = Line(Bounds(), threads=1)
    line.worked(1, seconds_each)
    entered(line, *(picture(loop, company=4) for _ in range(6)))

    assert [len(taken(line)) for _ in rows] == rows


def test_a_batch_goes_together_however_slow(loop):
    line = Line(Bounds(), threads=1)
    line.worked(1, 0.2)
    entered(line, *(picture(loop, **batches(4)) for _ in range(6)))

    assert [len(taken(line)) for _ in range(2)] == [4, 2]


def test_large_pictures_have_no_company_and_others_their_turn(loop):
    line = Line(Bounds(), threads=1)
    entered(line, *(picture(loop, pixels=900_000, company=8) for _ in range(3)))
    entered(line, *(picture(loop, pixels=6_000_000, company=8) for _ in range(2)))
    entered(line, picture(loop, "b", pixels=6_000_000, company=8))

    taken_together = [[(job.waiting.client, job.pixels) for job in taken(line)] for _ in range(5)]

    small, large = ("a", 900_000), ("a", 6_000_000)
    assert taken_together == [[small], [("b", 6_000_000)], [small, small], [large], [large]]


def test_without_a_delay_nothing_waits_for_company(loop):
    line = Line(Bounds(), threads=1)
    entered(line, picture(loop, company=8))

    assert len(taken(line)) == 1


def test_with_a_delay_a_picture_waits_for_company_but_no_longer_than_that(loop):
    line = Line(Bounds(), threads=1, delay_s=0.05)
    entered(line, *(picture(loop, **batches(8)) for _ in range(2)))

    started = time.monotonic()

    assert len(taken(line)) == 2
    assert time.monotonic() - started >= 0.04


def test_with_a_delay_a_batch_is_not_divided_among_the_threads(loop):
    line = Line(Bounds(), threads=2, delay_s=60.0)
    entered(line, *(picture(loop, **batches(4)) for _ in range(4)))

    assert len(taken(line)) == 4


def test_where_each_goes_through_the_graph_alone_a_delay_waits_for_nothing(loop):
    line = Line(Bounds(), threads=1, delay_s=60.0)
    entered(line, picture(loop, batch_size=1, company=4))

    assert len(taken(line)) == 1


def test_pictures_go_before_a_heavy_job_until_it_has_waited_for_as_many_as_may_be_in_flight(loop):
    line = Line(Bounds(images=4), threads=1)
    (explanation,) = entered(line, heavy(loop))
    order = []
    for _ in range(6):
        if line.images < 4:
            entered(line, picture(loop))
        (job,) = taken(line)
        order.append(job is explanation)
        line.leave(job)
        if job is explanation:
            line.done(job)

    assert order == [False] * 4 + [True, False]


def test_of_two_threads_one_is_never_given_to_heavy_jobs(loop):
    line = Line(Bounds(), threads=2)
    first, second = entered(line, heavy(loop), heavy(loop))
    assert taken(line) == [first]
    (usual,) = entered(line, picture(loop))

    assert taken(line) == [usual]
    line.done(first)
    assert taken(line) == [second]


def test_heavy_jobs_have_a_bound_of_their_own(loop):
    line = Line(Bounds(heavy=1), threads=2)
    entered(line, heavy(loop))

    with pytest.raises(Overloaded, match="1 explanations are in flight"):
        line.enter(heavy(loop))
    line.enter(picture(loop))


def test_a_closed_line_gives_what_is_in_it_and_then_none(loop):
    line = Line(Bounds(), threads=1)
    (last,) = entered(line, picture(loop))
    line.close()

    assert taken(line) == [last]
    assert line.take() is None
