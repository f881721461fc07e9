"""The page at `/` in a real browser, on real servers."""

import io
import json

import httpx
import pytest
from PIL import Image

from browsers import visiting
from bundles import LABELS, make_bundle
from paged import NOISE, PICTURE, SEVERAL, asked
from pictures import encode, gradient
from proxies import proxied
from servers import running

OTHER = encode(gradient(90, 60), "JPEG", quality=90)
TRICKY = "<img/src=x/onerror=alert(1)>"
LONG = "x" * 200


@pytest.fixture(scope="module")
def several_url(tmp_path_factory):
    labels = ("crack", TRICKY, LONG)
    path = make_bundle(tmp_path_factory.mktemp("page") / "several", labels=labels, decision=SEVERAL)
    with running(path, "--threads", "1") as server:
        yield server.url


def rows(visit):
    visit.page.locator("#answer .bars").wait_for()
    return [line.inner_text().split() for line in visit.page.locator("#answer .bars tbody tr").all()]


def left_of(visit, selector):
    return visit.page.locator(selector).evaluate("mark => parseFloat(mark.style.left)")


@pytest.mark.parametrize("way", ["drop", "paste", "choose"])
def test_a_picture_gets_the_answer_that_the_api_gives(visit, url, way):
    if way == "choose":
        visit.choose(("picture.png", PICTURE))
    else:
        visit.drop(PICTURE, kind=way)

    headline = visit.text("#answer .verdict")  # first, for the server has room for one picture
    said = asked(url).json()
    assert headline.startswith(f"{said['label']} {said['probability']:.2%}")
    assert said["decision"] in headline
    assert said["reason"] in headline
    shown = {row[0].lstrip("✓") or row[1]: row for row in rows(visit)}
    for one in said["candidates"]:
        assert f"{one['probability']:.2%}" in " ".join(shown[one["label"]])
    assert said["reason"] in visit.page.locator("#said").inner_text()


def test_thresholds_are_marked_where_they_are_and_said_in_words(visit):
    visit.choose(("picture.png", PICTURE))

    by_label = {row[1] if row[0] == "✓" else row[0]: " ".join(row) for row in rows(visit)}
    assert "accept from 92%" in by_label["crack"]
    assert "accept from 85%" in by_label["good"]
    assert "alarm from 10% always review" in by_label["hole"]
    assert left_of(visit, "tr:has-text('crack') b.accept") == pytest.approx(92)
    assert left_of(visit, "tr:has-text('hole') b.alarm") == pytest.approx(10)


def test_set_outlier_score_and_times_are_shown(visit, url):
    visit.choose(("picture.png", PICTURE))

    text = visit.text("#answer")
    said = asked(url).json()
    assert " and ".join(said["label_set"]) in text
    assert "hold the truth in 90% of pictures" in text
    assert f"{said['outlier_score']:.4g}, not above the threshold 1 (mahalanobis)" in text
    for stage in ("waiting", "decoding", "preprocessing", "network", "deciding"):
        assert f"{stage} " in text


def test_a_strange_picture_is_rejected_and_says_why(visit):
    visit.choose(("noise.png", NOISE))

    text = visit.text("#answer .verdict")
    assert "✕ reject" in text
    assert "unlike the training images" in text


def test_the_page_tells_which_bundle_answers(visit, url):
    model = httpx.get(f"{url}/v1/model").json()

    facts = visit.text("#facts")
    for fact in (model["name"], model["bundle_id"], model["variant"], "recall(hole) >= 0.99", *LABELS):
        assert fact in facts


def test_of_several_labels_all_that_are_true_are_named_and_bands_are_drawn(browser, several_url):
    said = asked(several_url).json()
    assert len(said["labels"]) > 1

    with visiting(browser, several_url) as visit:
        visit.choose(("picture.png", PICTURE))

        assert visit.text("#answer .verdict strong") == " and ".join(said["labels"])
        checked = [row[1] for row in rows(visit) if row[0] == "✓"]
        assert checked == said["labels"]
        assert left_of(visit, f"tr:has-text('{LONG}') u") == pytest.approx(1)
        assert "review from 1% true from 90%" in visit.text(f"tr:has-text('{LONG}')")


def test_an_explanation_is_asked_for_by_the_button_only(visit, url):
    visit.choose(("picture.png", PICTURE))
    visit.text("#answer .verdict")
    assert not [path for path in visit.paths() if "explain" in path]

    visit.page.click("#look")

    overlay = visit.page.locator("#overlay")
    overlay.wait_for()
    answer = asked(url, explain="true")
    about = json.loads(answer.headers["sightline-explanation"])
    x, y = (round(one) for one in about["peak_px"])
    width, height = about["picture_px"]
    assert f"'{about['label']}'" in overlay.get_attribute("alt")
    assert f"x {x}, y {y} of {width} × {height} pixels" in overlay.get_attribute("alt")
    visit.page.wait_for_timeout(100)
    drawn = overlay.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert tuple(drawn) == Image.open(io.BytesIO(answer.content)).size


def test_another_label_is_explained_and_one_that_was_is_not_asked_for_again(visit):
    visit.choose(("picture.png", PICTURE))
    for label in ("hole", "crack", "hole"):
        visit.page.select_option("#label", label)
        visit.page.click("#look")
        visit.page.locator(f"#overlay[alt*=\"'{label}'\"]").wait_for()

    explained = [path for path in visit.paths() if "explain" in path]
    assert [path.split("label=")[1] for path in explained] == ["hole", "crack"]


def test_the_keyboard_alone_is_enough(browser, url):
    with visiting(browser, url) as visit:
        page, press = visit.page, visit.page.keyboard.press
        choosers = []
        page.on("filechooser", lambda opened: choosers.append(opened))
        visit.text("#facts")
        press("Tab")
        assert page.evaluate("document.activeElement.id") == "file"
        outline = "getComputedStyle(document.querySelector('.drop')).outlineStyle"
        assert page.evaluate(outline) == "solid"
        press("Enter")
        visit.until_noted(choosers)
        choosers[0].set_files([{"name": "a.png", "mimeType": "image/png", "buffer": PICTURE}])
        visit.text("#answer .verdict")
        press("Tab")
        assert page.evaluate("document.activeElement.id") == "label"
        press("ArrowDown")
        chosen = page.evaluate("document.activeElement.value")
        press("Tab")
        press("Enter")
        page.locator(f"#overlay[alt*=\"'{chosen}'\"]").wait_for()

        press("Escape")

        assert page.locator("#shown").is_hidden()
        assert page.evaluate("document.activeElement.id") == "file"
        press("Tab")
        press("Enter")
        assert visit.text("#answer .verdict")
        assert page.locator("#overlay").is_visible()


def test_escape_stops_what_is_waited_for(browser, url):
    waiting = []

    with visiting(browser, url, refusals=True, guard=lambda route: answer_later(route, waiting)) as visit:
        visit.text("#facts")
        visit.choose(("picture.png", PICTURE))
        visit.text("#waiting")
        visit.until_noted(waiting)
        visit.page.keyboard.press("Escape")

        assert visit.text("#problem").startswith("Stopped.")


def answer_later(route, waiting):
    """Let everything through but pictures, which wait for ever."""
    if route.request.method == "POST":
        waiting.append(route)
    else:
        route.continue_()


def test_the_last_eight_pictures_can_be_gone_back_to(visit):
    visit.choose(*((f"{number}.png", encode(gradient(40 + number, 40))) for number in range(7)))
    visit.page.locator("#pictures li:nth-child(7) .badge").wait_for()
    visit.choose(("other.jpg", OTHER))
    visit.choose(("noise.png", NOISE))
    visit.page.locator("#pictures li:first-child .badge").wait_for()

    names = visit.page.locator("#pictures small").all_inner_texts()
    assert names == ["noise.png", "other.jpg", *(f"{number}.png" for number in range(6))]
    posts = len([one for one in visit.requests if one.method == "POST"])

    visit.page.click("#pictures button:has-text('other.jpg')")

    assert visit.text("#caption").startswith("other.jpg")
    assert visit.page.locator("#pictures [aria-current]").inner_text().endswith("other.jpg")
    assert visit.page.locator("#pictures canvas").count() == 8
    assert len([one for one in visit.requests if one.method == "POST"]) == posts


def test_labels_and_names_are_text_whatever_they_hold(browser, several_url):
    with visiting(browser, several_url, viewport={"width": 360, "height": 800}) as visit:
        visit.choose((f"{TRICKY}.png".replace("/", "\\"), PICTURE))
        visit.page.click("#look")
        visit.page.locator("#overlay").wait_for()

        assert TRICKY in visit.text("#answer .verdict strong")
        assert visit.text("#caption").startswith("<img")
        assert visit.page.locator("main img").count() == 2
        assert visit.page.evaluate("document.documentElement.scrollWidth") == 360


def test_behind_a_proxy_the_bytes_of_the_file_arrive_unchanged(browser, url):
    photo = encode(gradient(), "JPEG", quality=70, comment=b"as it was")

    with proxied(url, "/line/3/") as proxy, visiting(browser, proxy.url) as visit:
        visit.choose(("photo.jpg", photo))
        visit.text("#answer .verdict")
        visit.page.click("#look")
        visit.page.locator("#overlay").wait_for()

        assert proxy.bodies == [photo, photo]
        assert [path for path in visit.paths() if not path.startswith("line/3/")] == []
        assert visit.page.locator("footer a").evaluate("link => link.href") == f"{proxy.url}docs"


@pytest.mark.parametrize("scheme, width", [("light", 1400), ("dark", 360)])
def test_nothing_is_inaccessible(browser, url, several_url, two_url, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "refusals": True}

    def check(visit):
        found = axe.run(visit.page)
        assert found.violations_count == 0, found.generate_report()
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width

    with visiting(browser, url, **options) as visit:
        visit.text("#facts")
        check(visit)
        visit.choose(("picture.png", PICTURE), ("noise.png", NOISE))
        visit.page.locator("#pictures li:nth-child(2) .badge").wait_for()
        visit.page.click("#look")
        visit.page.locator("#overlay").wait_for()
        check(visit)
        visit.choose(("picture.png", b"no image"))
        visit.text("#problem")
        check(visit)
    for other in (several_url, two_url):
        with visiting(browser, other, **options) as visit:
            visit.choose(("picture.png", PICTURE))
            visit.text("#answer .verdict")
            check(visit)


def test_with_one_model_there_is_no_choice_and_none_is_named(visit):
    visit.choose(("picture.png", PICTURE))
    visit.text("#answer .verdict")

    assert visit.page.locator("#which").is_hidden()
    assert visit.page.locator("#by").count() == 0
    assert not [path for path in visit.paths() if "model=" in path]
