import pytest

from browsers import CHROMIUM, chromium
from bundles import make_bundle
from paged import RULE, SEVERAL
from servers import running


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright.sync_api", reason="the page's tests need playwright")
    if CHROMIUM is None:
        pytest.skip("the page's tests need Chromium: `make test` installs it on Debian, as root")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def two_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    tiles = make_bundle(folder / "tiles", decision=RULE)
    rails = make_bundle(folder / "rails", labels=("straight", "bent", "broken"), decision=SEVERAL)
    with running(tiles, "--threads", "1", f"rails={rails}") as server:
        yield server.url
