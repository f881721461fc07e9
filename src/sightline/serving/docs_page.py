"""The page that describes the API: Swagger UI, its files from the installed package, its addresses relative."""

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles


def install_docs(app: FastAPI) -> None:
    """Serve `/docs`. It needs neither the network nor to know the address that it is reached by."""
    resources = Path(str(files("fastapi_swagger") / "resources"))
    app.mount("/docs/files", StaticFiles(directory=resources), name="docs-files")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url="docs/files/swagger-ui-bundle.js",
            swagger_css_url="docs/files/swagger-ui.css",
            swagger_favicon_url="docs/files/favicon-32x32.png",
        )
        page.headers["content-security-policy"] = _policy(bytes(page.body))
        return page


def _policy(page: bytes) -> str:
    """Let a page load its own files, and run the scripts that stand in it and no others."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return (
        f"default-src 'none'; script-src 'self' {' '.join(hashes)}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
    )
