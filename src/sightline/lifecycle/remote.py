"""A running server, asked like any client would, to compare its answers with those of the bundle."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sightline.errors import InputError


@dataclass(frozen=True)
class RemoteAnswer:
    """What a server says of one image: its task, the labels held for true, and the probability of each label."""

    task: str
    labels: frozenset[str]
    probabilities: Mapping[str, float]


class RemotePredictor:
    """One connection to a server's `/v1/predict`; close it after use."""

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"'{url}' is no server's address. Give one such as http://127.0.0.1:8000.")
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._url = url
        self._path = f"{parts.path.rstrip('/')}/v1/predict?top_k=1000"
        self._connection = make(parts.hostname, parts.port, timeout=timeout_s)

    def ask(self, image: bytes) -> RemoteAnswer:
        """Return the answer to one encoded image.

        Raises:
            InputError: the server does not answer, or not with a prediction.
        """
        try:
            self._connection.request("POST", self._path, image, {"Content-Type": "application/octet-stream"})
            response = self._connection.getresponse()
            body = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as err:
            raise InputError(f"The server at {self._url} does not answer: {err!r}") from err
        if response.status != 200:
            raise InputError(f"The server at {self._url} answers {response.status}: {body}")
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
