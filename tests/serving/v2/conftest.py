"""One server for all tests of the protocol, with gRPC where it is installed."""

import importlib.util
import re
import time

import httpx
import pytest

from bundles import make_bundle, outlier_rule
from servers import running

HAS_RPC = importlib.util.find_spec("tritonclient") is not None
collect_ignore = (
    []
    if HAS_RPC
    else ["test_tritonclient.py", "test_rpc_messages.py", "test_rpc_access.py", "test_rpc_tracing.py"]
)


@pytest.fixture(scope="session")
def strange_bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("v2") / "tiles", outliers=outlier_rule(threshold=1e6))


@pytest.fixture(scope="session")
def server(strange_bundle):
    rpc = ("--grpc-port", "0") if HAS_RPC else ()
    with running(strange_bundle, "--threads", "2", *rpc) as started:
        yield started


@pytest.fixture(scope="session")
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="session")
def rpc_address(server):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := re.search(r"grpc://([\w.:]+)", "".join(server.log)):
            return found[1]
        time.sleep(0.05)
    raise AssertionError("".join(server.log))
