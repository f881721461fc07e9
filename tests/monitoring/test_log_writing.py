"""Whoever logs never waits: not for a pipe that nobody reads, not for a full disk."""

import contextlib
import fcntl
import json
import logging
import os
import threading
import time

import pytest

from sightline.monitoring import CURRENT, LogSettings, RequestNotes, open_logs
from sightline.monitoring.logs import JsonFormatter, LineHandler, LineWriter


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        os.close(descriptor)


@pytest.fixture
def logger():
    made = logging.Logger("sightline.test", logging.INFO)
    yield made
    made.handlers.clear()


def lines_of(descriptor):
    os.set_blocking(descriptor, False)
    return [json.loads(line) for line in os.read(descriptor, 1 << 20).splitlines()]


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_lines_are_written_in_order_with_the_ids_of_their_request(pipe, logger):
    writer = LineWriter(JsonFormatter(), pipe[1])
    logger.addHandler(LineHandler(writer))
    token = CURRENT.set(RequestNotes("r-1", "t-1"))
    writer.start()

    for number in range(3):
        logger.info("line %d", number)
    CURRENT.reset(token)
    logger.info("outside")
    writer.stop()

    lines = lines_of(pipe[0])
    assert [line["message"] for line in lines] == ["line 0", "line 1", "line 2", "outside"]
    assert (lines[0]["request_id"], lines[0]["trace_id"]) == ("r-1", "t-1")
    assert "request_id" not in lines[3]


def test_a_pipe_that_nobody_reads_costs_lines_and_nobody_waits(pipe, logger):
    fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, 4096)
    writer = LineWriter(JsonFormatter(), pipe[1], most_lines=50)
    logger.addHandler(LineHandler(writer))
    writer.start()
    done = threading.Event()

    def log_much():
        for _ in range(1000):
            logger.info("x" * 200)
        done.set()

    threading.Thread(target=log_much, daemon=True).start()
    assert done.wait(60)
    writer.stop(timeout_s=0.1)  # gives up too

    assert writer.dropped > 500
    os.set_blocking(pipe[0], False)
    while writer._thread.is_alive():  # else the thread writes into a closed pipe
        with contextlib.suppress(BlockingIOError):
            os.read(pipe[0], 4096)


def test_a_full_disk_is_counted_and_told_when_there_is_room_again(tmp_path, logger):
    full = os.open("/dev/full", os.O_WRONLY)
    target = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    moved = os.dup(full)
    writer = LineWriter(JsonFormatter(), moved)
    logger.addHandler(LineHandler(writer))
    writer.start()
    logger.info("lost")
    wait_for(lambda: writer.dropped == 1)

    os.dup2(target, moved)
    logger.info("kept")
    writer.stop()

    messages = [json.loads(line)["message"] for line in (tmp_path / "log").read_text().splitlines()]
    assert messages == ["kept", "1 log lines before this one could not be written."]
    for descriptor in (full, target, moved):
        os.close(descriptor)


def test_a_descriptor_that_does_not_block_is_waited_for(pipe, logger):
    os.set_blocking(pipe[1], False)
    fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, 4096)
    writer = LineWriter(JsonFormatter(), pipe[1])
    logger.addHandler(LineHandler(writer))
    writer.start()
    for _ in range(100):
        logger.info("x" * 100)

    data = b""
    while data.count(b"\n") < 100:
        data += os.read(pipe[0], 4096)
    writer.stop()

    assert all(json.loads(line)["message"] == "x" * 100 for line in data.splitlines())
    assert writer.dropped == 0


def test_a_message_whose_arguments_do_not_fit_is_still_a_line(pipe, logger):
    writer = LineWriter(JsonFormatter(), pipe[1])
    logger.addHandler(LineHandler(writer))
    writer.start()

    logger.info("%d pictures", "many")
    writer.stop()

    assert "many" in lines_of(pipe[0])[0]["message"]


def test_a_traceback_is_kept_as_text_and_lets_go_of_its_frames(pipe, logger):
    class Picture:
        pass

    import weakref

    writer = LineWriter(JsonFormatter(), pipe[1])
    logger.addHandler(LineHandler(writer))  # not started: the record waits

    def fail():
        picture = Picture()
        gone.append(weakref.ref(picture))
        raise ValueError("the decoder said so")

    gone = []
    try:
        fail()
    except ValueError:
        logger.exception("request failed")
    assert gone[0]() is None

    writer.start()
    writer.stop()
    assert "ValueError: the decoder said so" in lines_of(pipe[0])[0]["traceback"]


@pytest.mark.parametrize(
    "level, kept", [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("warning", ["w"])]
)
def test_the_level_is_that_of_sightline_and_others_speak_from_warnings_on(pipe, level, kept):
    ours, theirs = logging.getLogger("sightline.somewhere"), logging.getLogger("uvicorn.error")

    with open_logs(LogSettings(level=level), pipe[1]):
        ours.debug("d")
        ours.info("i")
        ours.warning("w")
        theirs.info("chatter")
        theirs.warning("trouble")

    assert [line["message"] for line in lines_of(pipe[0])] == [*kept, "trouble"]
    assert logging.getLogger("sightline").level == logging.NOTSET
