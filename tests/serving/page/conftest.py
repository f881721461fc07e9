import pytest

from browsers import CHROMIUM, chromium, visiting
from bundles import make_bundle, outlier_rule
from paged import MAX_BYTES, RULE, SEVERAL
from servers import running


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright.sync_api", reason="the page's tests need playwright")
    if CHROMIUM is None:
        pytest.skip("the page's tests need Chromium: `make test` installs it on Debian, as root")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    path = make_bundle(folder / "tiles", decision=RULE, outliers=outlier_rule(), max_bytes=MAX_BYTES)
    with running(path, "--threads", "1", "--max-images", "1") as server:
        yield server.url


@pytest.fixture
def visit(browser, url):
    with visiting(browser, url) as begun:
        yield begun


@pytest.fixture(scope="module")
def two_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    tiles = make_bundle(folder / "tiles", decision=RULE)
    rails = make_bundle(folder / "rails", labels=("straight", "bent", "broken"), decision=SEVERAL)
    with running(tiles, "--threads", "1", f"rails={rails}") as server:
        yield server.url
