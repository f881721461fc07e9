"""The page at `/` as it leaves the server; in a browser: `test_page_in_browser.py`."""

import asyncio
import re
from importlib.resources import files

import httpx
import pytest
from fastapi import FastAPI

from sightline.serving.page import install_page

POLICY = (
    "default-src 'none'; img-src 'self' blob:; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
FOLDER = files("sightline.serving.page")
PIECES = sorted(one.name for one in FOLDER.iterdir() if one.name.endswith((".js", ".css", ".svg")))
EVERYTHING = ["/", *(f"/page/{name}" for name in PIECES)]


APP = FastAPI()
install_page(APP)


def ask(path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(answer())


@pytest.mark.parametrize("path", EVERYTHING)
def test_everything_is_served_under_the_strict_policy_and_asked_about_each_time(path):
    answer = ask(path)

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path, media_type",
    [("/", "text/html"), ("/page/page.js", "text/javascript"), ("/page/page.css", "text/css")],
)
def test_files_say_what_they_are(path, media_type):
    assert ask(path).headers["content-type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("known", ["{}", "W/{}", '"other", {}'], ids=["strong", "weak", "one of two"])
def test_what_a_browser_has_is_not_sent_again(known):
    tag = ask("/").headers["etag"]

    again = ask("/", **{"if-none-match": known.format(tag)})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_another_tag_gets_the_page():
    assert ask("/", **{"if-none-match": '"other"'}).status_code == 200


def test_head_answers_without_a_body():
    answer = ask("/", "HEAD")

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(ask("/").content)


def test_the_page_has_the_colours_of_the_reports():
    style = ask("/page/page.css").text

    assert style.startswith((FOLDER / "../../pages/templates/page.css").read_text())
    assert style.endswith((FOLDER / "page.css").read_text())


def test_the_page_is_not_part_of_the_described_api():
    assert ask("/openapi.json").json()["paths"] == {}


def test_addresses_are_relative_and_nothing_is_inline():
    html = (FOLDER / "page.html").read_text()

    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert set(addresses) == {"page/icon.svg", "page/page.css", "page/page.js", "docs"}
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_scripts_fetch_from_nowhere_else():
    scripts = "".join((FOLDER / name).read_text() for name in PIECES if name.endswith(".js"))

    assert set(re.findall(r'from "(.+?)"', scripts)) <= {f"./{name}" for name in PIECES}
    assert not re.search(r"https?:|innerHTML|insertAdjacentHTML|localStorage|sessionStorage|cookie", scripts)
