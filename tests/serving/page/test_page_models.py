"""The page at `/` where several models answer, in a real browser."""

import httpx

from browsers import visiting
from bundles import LABELS
from paged import NOISE, PICTURE, asked


def test_the_chosen_model_answers_explains_and_tells_what_it_is(browser, two_url):
    with visiting(browser, two_url) as visit:
        page = visit.page
        visit.choose(("picture.png", PICTURE))
        assert visit.text("#by") == "answered by tiles"

        page.get_by_label("Model", exact=True).select_option("rails")

        assert visit.text("#by:has-text('rails')") == "answered by rails"
        said = asked(two_url, model="rails").json()
        assert visit.text("#answer .verdict strong") == " and ".join(said["labels"])
        assert "review from" in visit.text("#answer .bars")
        assert page.locator("#said").inner_text().startswith("rails: ")
        assert said["bundle_id"] in visit.text("#facts")
        assert visit.text("h1") == "rails"
        page.select_option("#label", "broken")
        page.click("#look")
        page.locator("#overlay[alt*=\"'broken'\"]").wait_for()
        explained = [path for path in visit.paths() if "explain" in path]
        assert ["model=rails" in path for path in explained] == [True]


def test_an_answer_that_is_gone_back_to_keeps_its_model(browser, two_url):
    with visiting(browser, two_url) as visit:
        visit.choose(("first.png", PICTURE))
        visit.text("#answer .verdict")
        visit.choose(("second.png", NOISE))
        visit.page.locator("#pictures li:nth-child(2) .badge").wait_for()
        visit.page.get_by_label("Model", exact=True).select_option("rails")
        visit.text("#by:has-text('rails')")

        visit.page.click("#pictures button:has-text('first.png')")

        assert visit.text("#by:has-text('tiles')")
        assert "accept from 92%" in visit.text("#answer .bars")
        assert visit.page.locator("#label option").all_inner_texts() == list(LABELS)
        visit.page.click("#look")
        visit.page.locator("#overlay").wait_for()
        (explained,) = [path for path in visit.paths() if "explain" in path]
        assert "model=tiles" in explained


def test_a_model_is_chosen_by_keyboard_while_the_answer_of_another_is_waited_for(browser, two_url):
    waiting = []

    def guard(route):
        if "model=tiles" in route.request.url:
            waiting.append(route)
        else:
            route.continue_()

    with visiting(browser, two_url, refusals=True, guard=guard) as visit:
        visit.text("#facts")
        visit.choose(("picture.png", PICTURE))
        visit.until_noted(waiting)
        visit.page.focus("body")
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.id") == "model"
        visit.page.keyboard.press("ArrowDown")

        assert visit.text("#by") == "answered by rails"
        assert visit.page.evaluate("document.activeElement.id") == "model"
        assert visit.page.locator("#problem").inner_text() == ""


def test_a_model_that_is_gone_is_told_and_the_others_are_named(browser, two_url):
    gone = {"code": "unknown_model", "message": "No model 'rails'.", "request_id": "1"}
    unloaded = False

    def guard(route):
        if unloaded and route.request.url.endswith("/v1/models"):
            listed = httpx.get(f"{two_url}/v1/models").json()["models"]
            route.fulfill(json={"models": listed[:1]})
        elif unloaded and "model=rails" in route.request.url:
            route.fulfill(status=404, json={"error": gone})
        else:
            route.continue_()

    with visiting(browser, two_url, refusals=True, guard=guard) as visit:
        visit.page.get_by_label("Model", exact=True).select_option("rails")
        unloaded = True
        visit.choose(("picture.png", PICTURE))
        assert "The model is no longer in service." in visit.text("#problem .verdict")

        visit.page.click("#problem button")

        visit.text("#answer .verdict")
        assert visit.page.locator("#which").is_hidden()
        assert "accept from 92%" in visit.text("#answer .bars")
