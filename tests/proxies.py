"""A reverse proxy that serves a server under a path, as in front of a plant's services, and notes what it passed on."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


@dataclass
class Proxy:
    url: str
    bodies: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def proxied(server_url: str, path: str) -> Iterator[Proxy]:
    """Serve `server_url` below `path`, which ends with a slash; everything else is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on("GET", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            proxy.bodies.append(body)
            self._pass_on("POST", body)

        def _pass_on(self, method: str, body: bytes) -> None:
            if not self.path.startswith(path):
                self.send_error(404)
                return
            answer = httpx.request(method, f"{server_url}/{self.path[len(path) :]}", content=body, timeout=30)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in ("date", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        proxy = Proxy(f"http://127.0.0.1:{listener.server_address[1]}{path}")
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown()
            thread.join()
