"""A headless Chromium, and visits to a page that note what the page must never do."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


def _runs(path: str) -> bool:
    """Some systems have a script of that name which only tells how to install it."""
    return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0


_PATHS = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
CHROMIUM = next((path for path in _PATHS if path and _runs(path)), None)

_NOTE_VIOLATIONS = (
    "window.violations = []; document.addEventListener('securitypolicyviolation', "
    "event => window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`))"
)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """The browser, to be closed before anything else wants an event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One visit: the page, every request, and all that the console said."""

    page: Any
    requests: list[Any] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [request.url.split("/", 3)[3] for request in self.requests if request.url.startswith("http")]

    def drop(self, data: bytes, name: str = "picture.png", kind: str = "drop") -> None:
        """Drop a file on the page, or paste it."""
        transfer = self.page.evaluate_handle(
            "([bytes, name]) => { const data = new DataTransfer();"
            "data.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'})); return data; }",
            [list(data), name],
        )
        if kind == "drop":
            self.page.dispatch_event("body", "drop", {"dataTransfer": transfer})
        else:
            self.page.evaluate(
                "data => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))", transfer
            )

    def choose(self, *files: tuple[str, bytes]) -> None:
        """Choose files by the button."""
        payloads = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files]
        self.page.set_input_files("#file", payloads)

    def until_noted(self, noted: list[Any]) -> None:
        """Let the browser go on until one of its events has put something into `noted`."""
        deadline = time.monotonic() + 15
        while not noted:
            assert time.monotonic() < deadline, "nothing was noted within 15 s"
            self.page.wait_for_timeout(20)

    def text(self, selector: str) -> str:
        """What the element shows, once it is shown."""
        found = self.page.locator(selector)
        found.wait_for(timeout=15_000)
        return " ".join(found.inner_text().split())


@contextlib.contextmanager
def visiting(
    browser: Any, url: str, *, refusals: bool = False, guard: Any = None, **options: Any
) -> Iterator[Visit]:
    """Open the page; at the end nothing may have been complained of or fetched from elsewhere.

    With `refusals` the console may name requests that failed. `guard` gets each request to the API, as a proxy would.
    """
    context = browser.new_context(**options)
    context.add_init_script(_NOTE_VIOLATIONS)
    visit = Visit(context.new_page())
    visit.page.on("request", lambda request: visit.requests.append(request))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on(
        "console",
        lambda said: said.type in ("error", "warning") and visit.complaints.append(said.text),
    )
    if guard is not None:
        visit.page.route("**/v1/**", guard)
    visit.page.goto(url)
    yield visit
    told = [one for one in visit.complaints if not (refusals and one.startswith("Failed to load resource"))]
    assert told == []
    assert visit.page.evaluate("window.violations") == []
    origin = "/".join(url.split("/")[:3])
    assert [
        one.url for one in visit.requests if not one.url.startswith((f"{origin}/", f"blob:{origin}/"))
    ] == []
    context.close()
