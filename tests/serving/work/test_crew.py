"""Threads at work on a real bundle, without HTTP before them."""

import asyncio
import threading
import time

import numpy as np
import pytest

from pictures import encode, gradient
from sightline.errors import DeadlineExceeded, ImageDamaged
from sightline.inference import Ask, load
from sightline.serving.work import Bounds, Crew, Heavy, Line, Picture, Waiting
from sightline.serving.work.gathering import Gathering

PICTURES = [encode(gradient(30 + 7 * number, 60)) for number in range(12)]


@pytest.fixture(scope="module")
def predictor(bundle):
    return load(bundle, threads=1)


def at_work(work, *, threads=2, delay_s=0.0):
    """Run `work(line, crew, batches)` with a crew and stop it afterwards."""

    async def main():
        line, batches = Line(Bounds(), threads, delay_s), []
        crew = Crew(line, threads, lambda _, answers: batches.append(len(answers)))
        try:
            return await asyncio.wait_for(work(line, batches), 60)
        finally:
            await asyncio.to_thread(crew.stop)

    return asyncio.run(main())


def job(predictor, image, company=1, batch_size=1, **waiting):
    future = asyncio.get_running_loop().create_future()
    sizes = {"batch_size": batch_size, "company": company}
    return Picture(Waiting(**waiting), future, 1, predictor=predictor, image=image, ask=Ask(), **sizes)


@pytest.mark.parametrize("company, batch_size", [(1, 1), (4, 1), (4, 2), (4, 4)])
def test_each_answer_belongs_to_its_picture_alone_and_in_company(predictor, company, batch_size):
    async def work(line, batches):
        jobs = [job(predictor, image, company, batch_size) for image in PICTURES * 5]
        for one in jobs:
            line.enter(one)
        return [await one.answer for one in jobs], batches, line

    answers, batches, line = at_work(work)

    for image, answer in zip(PICTURES * 5, answers, strict=True):
        assert answer.prediction.probability == pytest.approx(predictor.predict(image).probability, abs=1e-6)
    assert (line.images, line.pixels, line.waiting) == (0, 0, 0)
    assert sum(batches) == 60
    assert max(batches) == company


@pytest.mark.parametrize("batch_size", [1, 2])
def test_where_few_wait_each_is_answered_as_soon_as_its_graph_has_run(predictor, batch_size):
    async def work(line, batches):
        jobs = [job(predictor, image, 4, batch_size) for image in PICTURES[:5]]
        for one in jobs:
            line.enter(one)
        for one in jobs:
            await one.answer
        return batches

    batches = at_work(work, threads=1)

    assert sum(batches) == 5
    assert max(batches) == batch_size


def test_a_bad_picture_has_its_own_error_and_the_others_in_its_batch_go_on(predictor):
    async def work(line, batches):
        jobs = [job(predictor, image, 8) for image in (PICTURES[0], PICTURES[1][:-30], PICTURES[2])]
        for one in jobs:
            line.enter(one)
        return await asyncio.gather(*(one.answer for one in jobs), return_exceptions=True)

    first, bad, last = at_work(work, threads=1)

    assert isinstance(bad, ImageDamaged)
    assert first.prediction.label
    assert last.prediction.label


def test_pixels_are_answered_as_the_picture_they_come_from(predictor):
    prepared = predictor.prepare(PICTURES[3])

    async def work(line, batches):
        one = job(predictor, prepared.pixels)
        line.enter(one)
        return await one.answer

    answer = at_work(work)

    assert answer.prediction.probability == predictor.predict(PICTURES[3]).probability
    assert answer.prediction.timings.decode_ms == 0


def test_what_comes_too_late_gets_its_error_and_no_work(predictor):
    async def work(line, batches):
        late = job(predictor, PICTURES[0], deadline=time.monotonic() - 1)
        line.enter(late)
        with pytest.raises(DeadlineExceeded):
            await late.answer
        return list(batches), line.images

    assert at_work(work) == ([], 0)


def test_a_heavy_job_says_what_went_wrong_and_gives_its_turn_back(predictor):
    async def work(line, batches):
        loop = asyncio.get_running_loop()
        jobs = [
            Heavy(Waiting(), loop.create_future(), 0, call=lambda waited: 1 / 0),
            Heavy(Waiting(), loop.create_future(), 0, call=lambda waited: waited),
        ]
        for one in jobs:
            line.enter(one)
        return await asyncio.gather(*(one.answer for one in jobs), return_exceptions=True)

    bad, good = at_work(work)

    assert isinstance(bad, ZeroDivisionError)
    assert good >= 0


def test_stopping_does_what_is_in_the_line(predictor):
    async def main():
        line = Line(Bounds(), 2)
        crew = Crew(line, 2)
        jobs = [job(predictor, image) for image in PICTURES]
        for one in jobs:
            line.enter(one)
        await asyncio.to_thread(crew.stop)
        return await asyncio.gather(*(one.answer for one in jobs))

    assert len(asyncio.run(main())) == len(PICTURES)


def on_their_way(count, batch_size):
    return [
        (Picture(Waiting(), None, 0, predictor=None, image=b"", ask=Ask(), batch_size=batch_size), i)
        for i in range(count)
    ]


def test_on_a_device_for_one_call_what_is_decoded_meanwhile_makes_the_next_batch():
    running, go, batches = threading.Event(), threading.Event(), []

    def run(batch):
        batches.append(len(batch))
        running.set()
        assert go.wait(60)
        return lambda: None

    gathering = Gathering(run)
    items = on_their_way(6, batch_size=3)
    first = threading.Thread(target=gathering.add, args=(items[0],))
    first.start()
    assert running.wait(60)
    for item in items[1:]:
        gathering.add(item)  # comes back at once: the device is taken
    go.set()
    first.join(60)

    assert batches == [1, 3, 2]


def test_what_follows_the_graph_does_not_keep_the_device():
    concluded = threading.Event()

    def run(batch):
        ((_, number),) = batch
        if number:
            return concluded.set
        return lambda: (
            threading.Thread(target=gathering.add, args=(items[1],)).start(),
            concluded.wait(60),
            done.append(number),
        )

    done, items = [], on_their_way(2, batch_size=1)
    gathering = Gathering(run)
    gathering.add(items[0])

    assert concluded.is_set()
    assert done == [0]


def test_a_device_says_how_many_it_has_run():
    gathering = Gathering(lambda batch: lambda: None)

    assert [gathering.add(item) for item in on_their_way(3, batch_size=2)] == [1, 1, 1]


def test_a_device_for_one_call_answers_as_the_others_do(bundle):
    predictor = load(bundle, threads=1)
    predictor.engine.one_at_a_time = True

    async def work(line, batches):
        jobs = [job(predictor, image, 4, 4) for image in PICTURES * 4]
        for one in jobs:
            line.enter(one)
        return [await one.answer for one in jobs], line

    answers, line = at_work(work, threads=3)

    expected = [predictor.predict(image).probability for image in PICTURES * 4]
    assert 0 < line.seconds_each < 60
    assert [one.prediction.probability for one in answers] == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(expected).all()
