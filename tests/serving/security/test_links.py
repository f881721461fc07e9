"""Pictures by their address: what is fetched, and what nobody gets this server to fetch."""

import asyncio
import http.server
import ipaddress
import ssl
import threading
import time

import httpx
import pytest
import trustme

from pictures import encode, gradient
from servers import running
from sightline.errors import InputError, UrlRefused, UrlUnreachable
from sightline.serving.security import Links
from sightline.serving.security.links import is_public
from sightline.serving.security.network import CheckedNetwork

PICTURE = encode(gradient())


class Pictures(http.server.BaseHTTPRequestHandler):
    asked: list[tuple[str, str]]

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["host"]))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/a.png")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        if self.path == "/slow":
            time.sleep(3)
        body = b"x" * 200_000 if self.path == "/large" else PICTURE
        self.send_response(404 if self.path == "/none" else 200)
        if self.path != "/large":
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that goes away is what is tested here."""


def serving(context=None):
    server = Quiet(("127.0.0.1", 0), Pictures)
    server.asked = []
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def elsewhere():
    server = serving()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def secure():
    """A host that looks public, by TLS, and what trusts it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("images.example").configure_cert(context)
    server = serving(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    yield server, trust
    server.shutdown()
    server.server_close()


def fetch(links, url, limit=100_000, seconds=20.0):
    return asyncio.run(links.fetch(url, limit, seconds))


def answering(*addresses):
    """A name server that gives one list after the other, as one does that rebinds."""
    lists = list(addresses)

    async def resolve(_host, _port):
        return lists.pop(0) if len(lists) > 1 else lists[0]

    return resolve


PUBLIC = [
    "1.1.1.1",
    "9.9.9.9",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "2606:4700::1111",
    "2001:4860:4860::8888",
]
INSIDE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.192", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
    "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a00:1::",
    "2002:7f00:1::1", "64:ff9b:1::1", "::7f00:1", "3fff::1", "4000::1", "2001:db8::1", "192.88.99.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_however_it_is_spelt(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "addresses", [[one] for one in INSIDE] + [["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"]]
)
def test_a_name_that_means_an_inner_address_is_not_connected_to(addresses):
    links = Links(["images.example"], answering(addresses))

    with pytest.raises(UrlRefused, match="does not fetch from"):
        fetch(links, "https://images.example/a.png")


def test_the_connection_goes_to_the_address_that_was_checked(secure, monkeypatch):
    server, trust = secure
    asked = []

    async def resolve(host, port):
        asked.append((host, port))
        return ["1.1.1.1"] if len(asked) == 1 else ["127.0.0.1"]

    connected = []

    async def connect(self, host, port, *more):
        connected.append(host)
        raise AssertionError("connected")

    monkeypatch.setattr("httpcore2.AnyIOBackend.connect_tcp", connect)
    links = Links([f"images.example:{server.server_port}"], resolve, trust)

    with pytest.raises(AssertionError, match="connected"):
        fetch(links, f"https://images.example:{server.server_port}/a.png")
    assert asked == [("images.example", server.server_port)], "looked up once"
    assert connected == ["1.1.1.1"], "by number, so that nobody looks it up again"


def test_each_fetch_checks_anew(secure):
    links = Links(["images.example"], answering(["10.0.0.1"], ["169.254.169.254"]))

    for _ in range(2):
        with pytest.raises(UrlRefused):
            fetch(links, "https://images.example/a.png")


def test_the_certificate_is_checked_by_the_name(secure, monkeypatch):
    server, trust = secure
    # So that a local server can stand for one of the internet.
    monkeypatch.setattr("sightline.serving.security.links.is_public", lambda _: True)
    port = server.server_port
    links = Links([f"images.example:{port}", f"other.example:{port}"], answering(["127.0.0.1"]), trust)
    strict = Links([f"images.example:{port}"], answering(["127.0.0.1"]))

    assert fetch(links, f"https://images.example:{port}/a.png") == PICTURE
    assert server.asked[-1] == ("/a.png", f"images.example:{port}")
    with pytest.raises(UrlUnreachable, match="cannot be reached"):
        fetch(links, f"https://other.example:{port}/a.png")
    with pytest.raises(UrlUnreachable, match="cannot be reached"):
        fetch(strict, f"https://images.example:{port}/a.png")


@pytest.mark.parametrize(
    "url, words",
    [
        ("https://other.example/a.png", "no pictures from 'https://other.example:443'"),
        ("http://images.example/a.png", "no pictures from 'http://images.example:80'"),
        ("https://images.example:8443/a.png", "no pictures from"),
        ("https://images.example.evil.example/", "no pictures from"),
        ("https://evil.example/https://images.example/", "no pictures from"),
        ("https://images.example@evil.example/", "name or a password"),
        ("https://user:secret@images.example/", "name or a password"),
        ("https://evil.example\\@images.example/", "printable"),
        ("https://images.example /", "printable"),
        ("https://images.example/\r\nX: y", "printable"),
        ("https://images.example/é", "printable"),
        ("https://images.example:99999/", "no URL"),
        ("https://[::1/", "no URL"),
        ("file:///etc/passwd", "no pictures from"),
        ("gopher://images.example/", "no pictures from"),
        ("//images.example/a.png", "no pictures from"),
        ("images.example/a.png", "no pictures from"),
        ("", "printable"),
        ("https://images.example/" + "a" * 3000, "printable"),
    ],
)
def test_an_address_that_is_not_on_the_list_is_refused(url, words):
    links = Links(["images.example"], answering(["1.1.1.1"]))

    with pytest.raises(UrlRefused, match=words):
        fetch(links, url)


def test_redirects_errors_size_and_time_end_it(elsewhere):
    base = f"http://127.0.0.1:{elsewhere.server_port}"
    links = Links([base])

    assert fetch(links, f"{base}/a.png?x=1#part") == PICTURE
    assert elsewhere.asked[-1][0] == "/a.png?x=1"
    for path, words in (("moved", "status 302"), ("none", "status 404"), ("large", "larger than the limit")):
        with pytest.raises(UrlUnreachable, match=words):
            fetch(links, f"{base}/{path}")
    assert elsewhere.asked[-3][0] == "/moved", "not followed"
    with pytest.raises(UrlUnreachable, match="within 0.3 s"):
        fetch(links, f"{base}/slow", seconds=0.3)


def test_plain_http_stays_on_this_machine(elsewhere):
    links = Links([f"http://127.0.0.1:{elsewhere.server_port}"], answering(["1.1.1.1"]))

    with pytest.raises(UrlRefused):
        fetch(links, f"http://127.0.0.1:{elsewhere.server_port}/a.png")
    for entry in (
        "http://images.example:80",
        "http://10.0.0.1:80",
        "http://127.0.0.1",
        "ftp://x",
        "a/b",
        "a@b",
        "",
    ):
        with pytest.raises(InputError):
            Links([entry])


def test_a_name_without_an_address_is_told():
    async def nobody(_host, _port):
        raise OSError("no such name")

    with pytest.raises(UrlUnreachable, match="cannot be reached"):
        fetch(Links(["images.example"], nobody), "https://images.example/a.png")


def test_a_host_with_several_addresses_is_tried_at_each(elsewhere):
    async def connect():
        network = CheckedNetwork(answering(["127.0.0.2", "127.0.0.1"]), lambda _: True)
        stream = await network.connect_tcp("images.example", elsewhere.server_port, 5)
        await stream.aclose()

    asyncio.run(connect())


def test_a_server_fetches_what_it_is_allowed_to(bundle, elsewhere):
    base = f"http://127.0.0.1:{elsewhere.server_port}"
    with (
        running(bundle, "--allow-url-host", base) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):

        def send(*images):
            return client.post("/v1/predict", json={"images": list(images)})

        one = client.post("/v1/predict", json={"image": {"url": f"{base}/a.png"}})
        sent = client.post("/v1/predict", content=PICTURE)
        several = send({"url": f"{base}/a.png", "name": "a"}, {"url": f"{base}/b.png"})
        bad = send({"url": f"{base}/a.png"}, {"url": "https://169.254.169.254/latest/meta-data"})
        gone = client.post("/v1/predict", json={"image": {"url": f"{base}/none"}})
        shape = client.post("/v1/predict", json={"image": {"url": f"{base}/a.png", "data": "x"}})

    assert (one.status_code, one.json()["candidates"]) == (200, sent.json()["candidates"])
    assert [result["file"] for result in several.json()["results"]] == ["a", ""]
    assert all(result["prediction"] for result in several.json()["results"])
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "url_refused")
    assert (gone.status_code, gone.json()["error"]["code"]) == (422, "url_unreachable")
    assert (shape.status_code, shape.json()["error"]["code"]) == (400, "malformed_request")


def test_a_server_fetches_nothing_unless_it_is_told_to(bundle, elsewhere):
    count = len(elsewhere.asked)
    with running(bundle) as server:
        url = f"http://127.0.0.1:{elsewhere.server_port}/a.png"
        refused = httpx.post(f"{server.url}/v1/predict", json={"image": {"url": url}}, timeout=60)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "url_refused")
    assert len(elsewhere.asked) == count
