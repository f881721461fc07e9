"""The page at `/` as it leaves the server; in a browser: `test_page_in_browser.py`."""

import re
from importlib.resources import files

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sightline.serving.page import install_page

POLICY = (
    "default-src 'none'; img-src 'self' blob:; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
FOLDER = files("sightline.serving.page")
PIECES = sorted(one.name for one in FOLDER.iterdir() if one.name.endswith((".js", ".css", ".svg")))
EVERYTHING = ["/", *(f"/page/{name}" for name in PIECES)]


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    install_page(app)
    return TestClient(app)


@pytest.mark.parametrize("path", EVERYTHING)
def test_everything_is_served_under_the_strict_policy_and_asked_about_each_time(client, path):
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path, media_type",
    [("/", "text/html"), ("/page/page.js", "text/javascript"), ("/page/page.css", "text/css")],
)
def test_files_say_what_they_are(client, path, media_type):
    assert client.get(path).headers["content-type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}'], ids=["strong", "weak", "one of two"])
def test_what_a_browser_has_is_not_sent_again(client, known):
    tag = client.get("/").headers["etag"]

    again = client.get("/", headers={"if-none-match": known.format(tag)})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_another_tag_gets_the_page(client):
    assert client.get("/", headers={"if-none-match": '"other"'}).status_code == 200


def test_head_answers_without_a_body(client):
    answer = client.head("/")

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(client.get("/").content)


def test_the_page_has_the_colours_of_the_reports(client):
    style = client.get("/page/page.css").text

    assert style.startswith((FOLDER / "../../pages/templates/page.css").read_text())
    assert style.endswith((FOLDER / "page.css").read_text())


def test_the_page_is_not_part_of_the_described_api(client):
    assert client.get("/openapi.json").json()["paths"] == {}


def test_addresses_are_relative_and_nothing_is_inline():
    html = (FOLDER / "page.html").read_text()

    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert set(addresses) == {"page/icon.svg", "page/page.css", "page/page.js", "docs"}
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_scripts_fetch_from_nowhere_else():
    scripts = "".join((FOLDER / name).read_text() for name in PIECES if name.endswith(".js"))

    assert set(re.findall(r'from "(.+?)"', scripts)) <= {f"./{name}" for name in PIECES}
    assert not re.search(r"https?:|innerHTML|insertAdjacentHTML|localStorage|sessionStorage|cookie", scripts)
