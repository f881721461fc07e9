"""A running server, asked like any client would, to compare its answers with those of the bundle."""

import http.client
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sightline.errors import InputError

_MOST_SAID = 300
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_WORD = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class RemoteServer:
    """Where a server is, and how it knows us.

    api_key
        Of `sightline apikeys`, or a token; None: the server asks nobody.
    ca
        PEM of the authority of its certificate; None: those that this machine trusts.
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    ca: Path | None = None

    @property
    def shows_key(self) -> bool:
        """Whether the key goes over a network as it is, for whoever listens."""
        try:
            parts = urlsplit(self.url)
        except ValueError:  # then nothing is sent either
            return False
        return self.api_key is not None and parts.scheme == "http" and parts.hostname not in _THIS_MACHINE


def read_api_key(path: Path) -> str:
    """Read the key that is all of a file. Raises `InputError`, which never quotes the file."""
    try:
        key = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        why = getattr(err, "strerror", None) or "it is no text"
        raise InputError(f"The key in '{path}' cannot be read: {why}.") from err
    return check_api_key(key, f"'{path}'")


def check_api_key(key: str, where: str) -> str:
    """Return a key that can be sent. Raises `InputError`, which says where it came from and does not quote it."""
    if not _WORD.fullmatch(key):
        raise InputError(
            f"{where} holds no API key: that is one word, as `sightline apikeys add` prints it, and nothing else."
        )
    return key


@dataclass(frozen=True)
class RemoteAnswer:
    """What a server says of one image: its task, the labels held for true, and the probability of each label."""

    task: str
    labels: frozenset[str]
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class RemoteModel:
    """Which bundle a server runs, and by which of its variants it answers."""

    name: str
    bundle_id: str
    variant: str


class RemotePredictor:
    """One connection to a server's `/v1/predict` and `/v1/model`; close it after use."""

    def __init__(self, server: RemoteServer, *, timeout_s: float = 30.0) -> None:
        url = server.url
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as err:
            raise InputError(_no_address(url)) from err
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(_no_address(url))
        if server.ca is not None and parts.scheme != "https":
            raise InputError(
                f"An authority vouches for certificates, and '{url}' has none: give https://, or no --ca."
            )
        self._url, self._api_key = url, server.api_key
        self._root = parts.path.rstrip("/")
        self._connection = (
            http.client.HTTPSConnection(parts.hostname, port, timeout=timeout_s, context=_trust(server.ca))
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.hostname, port, timeout=timeout_s)
        )

    def model(self) -> RemoteModel:
        """Return what the server runs.

        Raises:
            InputError: the server does not answer, or does not say what it runs.
        """
        body = self._fetch("GET", "/v1/model")
        try:
            return RemoteModel(str(body["name"]), str(body["bundle_id"]), str(body["variant"]))
        except (KeyError, TypeError) as err:
            raise InputError(
                f"The server at {self._url} does not say what it runs as this Sightline knows it: {err!r}. Run the "
                "same version on both sides."
            ) from err

    def ask(self, image: bytes) -> RemoteAnswer:
        """Return the answer to one encoded image.

        Raises:
            InputError: the server does not answer, or not with a prediction.
        """
        body = self._fetch("POST", "/v1/predict?top_k=1000", image)
        try:
            return RemoteAnswer(
                task=body["task"],
                labels=frozenset(body["labels"]),
                probabilities={one["label"]: one["probability"] for one in body["candidates"]},
            )
        except (KeyError, TypeError) as err:
            raise InputError(
                f"The server at {self._url} gives no prediction as this Sightline knows it: {err!r} is missing. "
                "Run the same version on both sides."
            ) from err

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _fetch(self, method: str, path: str, content: bytes | None = None) -> Any:
        headers = {} if content is None else {"Content-Type": "application/octet-stream"}
        if self._api_key is not None:
            headers["Authorization"] = f"Bearer {self._api_key}"
        try:
            self._connection.request(method, self._root + path, content, headers)
            response = self._connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException, ValueError) as err:
            remedy = (
                " Give its authority by --ca FILE." if isinstance(err, ssl.SSLCertVerificationError) else ""
            )
            raise InputError(f"The server at {self._url} does not answer: {err!r}.{remedy}") from err
        if response.status != 200:
            said = data[:_MOST_SAID].decode(errors="replace")
            raise InputError(
                f"The server at {self._url} answers {response.status} to {self._root}{path}: {said}"
                f"{self._remedy(response.status)}"
            )
        try:
            return json.loads(data)
        except ValueError as err:
            raise InputError(
                f"The server at {self._url} answers {path} with something that is no JSON: is it `sightline serve`?"
            ) from err

    def _remedy(self, status: int) -> str:
        if status not in (401, 403):
            return ""
        sent = "No key was sent." if self._api_key is None else "It does not take the key that was sent."
        return (
            f" {sent} Give one with the scopes read and predict, in a file by --api-key-file or in the environment "
            "as SIGHTLINE_API_KEY."
        )


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as err:
        raise InputError(f"The authority '{ca}' of --ca cannot be used: {err}. It is a file in PEM.") from err


def _no_address(url: str) -> str:
    return f"'{url}' is no server's address. Give one such as http://127.0.0.1:8000."
