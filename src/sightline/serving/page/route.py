"""Serving the page: its files from memory, nothing inline, nothing from elsewhere."""

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import FastAPI, Request, Response

# Whatever a picture, a label or a file name holds, no script but the page's own runs, and nothing leaves for elsewhere.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' blob:",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'none'",
    )
)
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_NAMES = ("page.css", "page.js", "answer.js", "asking.js", "model.js", "recent.js", "words.js", "icon.svg")


def install_page(app: FastAPI) -> None:
    """Serve `/`, and what it is made of below `/page/`.

    Its addresses are relative: behind a proxy it needs not know by which path it is reached, if that ends with `/`.
    It holds no data of the bundle; a key that the API may ask for is asked for by its script.
    """
    _serve(app, "/", "page.html")
    for name in _NAMES:
        _serve(app, f"/page/{name}", name)


def _serve(app: FastAPI, path: str, name: str) -> None:
    app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)(_answer(name))


def _answer(name: str) -> Callable[[Request], Awaitable[Response]]:
    body = _read(name)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "Content-Security-Policy": _POLICY,
        "Content-Type": f"{_TYPES[name[name.rindex('.') :]]}; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        # Kept, but asked about each time: a server of another version has another page.
        "Cache-Control": "no-cache",
        "ETag": tag,
    }

    async def answer(request: Request) -> Response:
        known = request.headers.get("if-none-match", "").split(",")
        if tag in (one.strip().removeprefix("W/") for one in known):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers)

    return answer


def _read(name: str) -> bytes:
    own = (files("sightline.serving.page") / name).read_bytes()
    # Type, spacing and colours are those of the reports.
    shared = files("sightline") / "pages" / "templates" / "page.css"
    return shared.read_bytes() + own if name == "page.css" else own
