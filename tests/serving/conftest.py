import httpx
import pytest

from servers import hosted
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model


@pytest.fixture(scope="module")
def server(bundle):
    """A server in this process, one thread of it, whose service can be looked into."""
    settings = ServerSettings(threads=1)
    with hosted(Service([open_model(bundle, settings)], settings)) as started:
        yield started


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as opened:
        yield opened
