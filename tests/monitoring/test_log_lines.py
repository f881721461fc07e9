"""Lines that only the server can have written."""

import json
import logging

import pytest

from sightline.monitoring.logs import JsonFormatter, TextFormatter

FORGED = 'x\n{"level": "error"}\r\x1b[31m\u2028end'


def record(message="request", *, error=None, **fields):
    made = logging.LogRecord("sightline.access", logging.INFO, "", 0, message, None, None)
    made.created = 1_700_000_000.25
    made.request_id, made.trace_id, made.fields = "abc", None, fields
    if error is not None:
        made.exc_text = error
    return made


def test_a_json_line_has_time_level_ids_and_fields():
    line = json.loads(JsonFormatter().format(record(status=200, ms=1.5)))

    assert line == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "sightline.access",
        "message": "request",
        "request_id": "abc",
        "status": 200,
        "ms": 1.5,
    }


def test_a_text_line_has_the_same_as_pairs():
    line = TextFormatter().format(record(status=200, client="a b"))

    assert line == '2023-11-14T22:13:20.250Z info    request request_id=abc status=200 client="a b"'


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_no_client_forges_a_line(formatter):
    line = formatter.format(record(FORGED, client=FORGED))

    assert line.isprintable()


def test_a_traceback_is_indented_in_text_and_a_field_in_json():
    made = record(error="Traceback:\n  ValueError: \x1b[31mred\n2023-11-14T22:13:20.250Z info    forged")

    first, *more = TextFormatter().format(made).split("\n")

    assert "request_id=abc" in first
    assert all(line.startswith("    ") and line.isprintable() for line in more)
    assert "forged" in json.loads(JsonFormatter().format(made))["traceback"]


def test_json_has_no_infinity_and_no_field_in_place_of_a_head():
    line = json.loads(JsonFormatter().format(record(max=float("inf"), mean=float("nan"), level="forged")))

    assert (line["max"], line["mean"], line["level"]) == ("inf", "nan", "info")


def test_a_long_message_is_cut():
    assert len(json.loads(JsonFormatter().format(record("x" * 10_000)))["message"]) < 5_000
