"""A running server, asked like any client would, to compare its answers with those of the bundle."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sightline.errors import InputError

_MOST_SAID = 300


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

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as err:
            raise InputError(_no_address(url)) from err
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(_no_address(url))
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._url = url
        self._root = parts.path.rstrip("/")
        self._connection = make(parts.hostname, port, timeout=timeout_s)

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
        try:
            self._connection.request(method, self._root + path, content, headers)
            response = self._connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException, ValueError) as err:
            raise InputError(f"The server at {self._url} does not answer: {err!r}") from err
        if response.status != 200:
            said = data[:_MOST_SAID].decode(errors="replace")
            raise InputError(
                f"The server at {self._url} answers {response.status} to {self._root}{path}: {said}"
            )
        try:
            return json.loads(data)
        except ValueError as err:
            raise InputError(
                f"The server at {self._url} answers {path} with something that is no JSON: is it `sightline serve`?"
            ) from err


def _no_address(url: str) -> str:
    return f"'{url}' is no server's address. Give one such as http://127.0.0.1:8000."
