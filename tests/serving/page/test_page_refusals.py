"""The page at `/` where a picture gets no answer: it says why, and asks again. In a real browser, on a real server."""

import httpx
import pytest

from browsers import visiting
from paged import MAX_BYTES, PICTURE, asked
from pictures import gradient, raw_png


@pytest.mark.parametrize(
    "data, words",
    [
        (b"no image at all", "This is not a picture that the server takes. Send JPEG, PNG, WEBP, BMP, TIFF or GIF."),
        (PICTURE[:-20], "The picture is damaged. Copy it again"),
        (b"", "The file is empty."),
        (raw_png(gradient(8, 8), 2, size=(30_000, 30_000)), "The picture is too large. Send one of at most 100 kB"),
    ],
    ids=["no image", "damaged", "empty", "too many pixels"],
)  # fmt: skip
def test_a_file_that_is_not_taken_is_told_in_words(browser, url, data, words):
    with visiting(browser, url, refusals=True) as visit:
        visit.choose(("picture.png", data))

        problem = visit.text("#problem")
        error = asked(url, data).json()["error"]
        assert words in problem
        assert error["message"] in problem
        assert visit.page.locator("#answer").inner_text() == ""
        assert visit.page.locator("#problem button").count() == 0


def test_a_file_over_the_limit_is_not_even_sent(visit):
    visit.choose(("large.png", bytes(MAX_BYTES + 1)))

    assert "It has 100,001 bytes; the limit is 100,000. It was not sent." in visit.text("#problem")
    assert not [one for one in visit.requests if one.method == "POST"]


def test_a_busy_server_can_be_asked_again_when_it_said_it_could(browser, url):
    two = [("file", (f"{i}.png", PICTURE)) for i in range(2)]
    refused = httpx.post(f"{url}/v1/predict", files=two)
    assert refused.status_code == 429
    refusals = [refused]

    def guard(route):
        if route.request.method == "POST" and refusals:
            answer = refusals.pop()
            headers = {name: answer.headers[name] for name in ("content-type", "retry-after")}
            route.fulfill(status=429, headers=headers, body=answer.content)
        else:
            route.continue_()

    with visiting(browser, url, refusals=True, guard=guard) as visit:
        visit.choose(("picture.png", PICTURE))
        assert "The server is busy." in visit.text("#problem")
        assert visit.page.locator("#problem button").get_attribute("aria-disabled") == "true"

        visit.page.locator("#problem button:not([aria-disabled])").click()

        assert visit.text("#answer .verdict")
        assert visit.page.locator("#problem").inner_text() == ""
        assert visit.page.evaluate("document.activeElement.id") == "shown"


def test_a_server_that_is_gone_is_told_and_asked_again(browser, url):
    with visiting(browser, url, refusals=True) as visit:
        visit.text("#facts")
        visit.page.context.set_offline(True)
        visit.choose(("picture.png", PICTURE))
        assert "The server does not answer." in visit.text("#problem")

        visit.page.context.set_offline(False)
        visit.page.click("#problem button")

        assert visit.text("#answer .verdict")


def test_an_api_key_is_asked_for_sent_and_kept_nowhere(browser, url):
    def guard(route):
        if route.request.headers.get("authorization") == "Bearer open-sesame":
            route.continue_()
        else:
            error = {"code": "unauthorized", "message": "No key.", "request_id": "1"}
            route.fulfill(status=401, json={"error": error})

    with visiting(browser, url, refusals=True, guard=guard) as visit:
        for key in ("wrong", "open-sesame"):
            visit.page.fill("#key", key)
            visit.page.keyboard.press("Enter")
            if key == "wrong":
                assert "The key was not accepted." in visit.text("#refused:not(:empty)")
        visit.choose(("picture.png", PICTURE))

        assert visit.text("#answer .verdict")
        assert visit.page.locator("#locked").is_hidden()
        kept = visit.page.evaluate(
            "[localStorage.length, sessionStorage.length, document.cookie, location.href]"
        )
        assert kept == [0, 0, "", f"{url}/"]


def test_a_key_that_is_asked_for_later_answers_the_picture_that_waits(browser, url):
    locked = False

    def guard(route):
        if locked and "authorization" not in route.request.headers:
            route.fulfill(
                status=401, json={"error": {"code": "unauthorized", "message": "", "request_id": "1"}}
            )
        else:
            route.continue_()

    with visiting(browser, url, refusals=True, guard=guard) as visit:
        visit.text("#facts")
        locked = True
        visit.choose(("picture.png", PICTURE))
        assert "Enter it above; the picture is then sent again." in visit.text("#problem")

        visit.page.fill("#key", "any")
        visit.page.click("#unlock button")

        assert visit.text("#answer .verdict")
        visit.page.click("#forget")
        visit.choose(("picture.png", PICTURE))
        visit.page.locator("#locked").wait_for()
