"""Ten thousand requests that are wrong in some way, to a server that asks for keys, and what it answers to each.

    python -m benchmarks.serving.malformed BUNDLE [--examples 10000] [--seed 1]

Schemathesis makes them of the server's own OpenAPI document, with a key for everything; mutated golden images of the
bundle make up the number. Some hundreds more come without a key, or with one that is for reading only. Prints how
often each status came, by operation.
Exits with 1 if one was 500, if the document does not know a status, a content type or a body, or if the server does not
answer as before in the end.
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmarks.machine import describe_machine
from benchmarks.serving.documented import CHECKS, ask
from benchmarks.serving.load import Connection, closed_loop
from benchmarks.serving.server import Server, serving
from sightline.bundle import read_manifest
from sightline.records import Prediction
from sightline.serving.security import add_key

PATH = "/v1/predict?top_k=1"
REFUSED = 5
"""Examples of each route without a key, and with one that is for reading only."""
CHECKS_REFUSED = [
    check for check in CHECKS if check not in ("unsupported_method", "allow_header_conformance")
]
"""Whoever is not let in is told that, and not which methods there are."""

_MARKERS = (b"\xff\xd0", b"\xff\xe1\0\2", b"\xff\xda\0\2", b"\xff\xf0\xff\xfe")

Statuses = dict[str, Counter[int]]
"""How often each status came, by operation; 0 where no answer did."""


def mutate(bodies: Sequence[bytes], rng: random.Random) -> bytes:
    """A picture that is cut off, has flipped bits, a piece of another in it, or a marker of JPEG 20,000 times."""
    body = bytearray(rng.choice(bodies))
    at, kind = rng.randrange(2, len(body)), rng.randrange(4)
    if kind == 0:
        del body[at:]
    elif kind == 1:
        for _ in range(rng.randint(1, 20)):
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        other = rng.choice(bodies)
        body[at : at + 500] = other[at : at + 500]
    else:
        body[2:2] = rng.choice(_MARKERS) * 20_000
    return bytes(body)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        token = add_key(keys, "all", ["predict", "read", "admin"])
        reader = add_key(keys, "reader", ["read"])
        with serving(options.bundle, "--api-keys", str(keys), token=token) as server:
            document = server.get("/openapi.json")
            bench = Malformed(server, read_manifest(options.bundle)[1].name, document, options.seed)
            each = max(1, options.examples // len(bench.operations))
            bench.ask_by_document(token, each, CHECKS)
            left = max(0, options.examples - bench.asked)
            for refused in (reader, None):
                bench.ask_by_document(refused, REFUSED, CHECKS_REFUSED)
            golden = [path.read_bytes() for path in sorted((options.bundle / "golden").iterdir())]
            pictures = [body for body in golden if body[:3] == b"\xff\xd8\xff"]
            as_before = asyncio.run(bench.ask_with_pictures(token, pictures, left))
    print(bench.table())
    print(describe_machine())
    for fault in bench.faults:
        print(fault)
    raise SystemExit(bool(bench.faults) or not as_before)


class Malformed:
    """What a server answered; `faults` tells what it should not have."""

    def __init__(self, server: Server, model: str, document: str, seed: int) -> None:
        self._server, self._model, self._document, self._seed = server, model, document, seed
        self._url = f"http://{server.place[0]}:{server.place[1]}"
        paths: Mapping[str, Mapping[str, Any]] = json.loads(document)["paths"]
        self.operations = {
            f"{method.upper()} {path}": re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
            for path, methods in paths.items()
            for method in methods
        }
        self._known = {int(status) for status in paths["/v1/predict"]["post"]["responses"]}
        self.statuses: Statuses = {}
        self.faults: list[str] = []

    @property
    def asked(self) -> int:
        return sum(found.total() for found in self.statuses.values())

    def ask_by_document(self, token: str | None, examples: int, checks: Sequence[str]) -> None:
        """Let schemathesis ask about each route so many times."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.har"
            more = ["--report", "har", "--report-har-path", str(report)]
            if token is not None:
                more += ["-H", f"Authorization: Bearer {token}"]
            done = ask(
                self._url,
                self._model,
                examples,
                self._seed,
                *more,
                document=self._document,
                checks=checks,
            )
            if done.returncode != 0:
                self.faults.append(done.stdout + done.stderr)
            for entry in json.loads(report.read_bytes())["log"]["entries"]:
                asked, status = entry["request"], entry["response"]["status"]
                self._note(self._operation(asked["method"], asked["url"]), status)

    async def ask_with_pictures(self, token: str, pictures: Sequence[bytes], count: int) -> bool:
        """Send so many mutated pictures; whether whole ones are answered in the end."""
        rng = random.Random(self._seed)
        bodies = [mutate(pictures, rng) for _ in range(count)]
        headers = {"Authorization": f"Bearer {token}"}

        def answered(number: int, status: int, answer: bytes) -> None:
            self._note("mutated pictures", status)
            if not _is_known(status, answer) or status not in self._known:
                self.faults.append(f"mutated picture {number}: {status}, {answer[:500]!r}")

        if bodies:
            place = self._server.place
            found = await closed_loop(
                place, PATH, bodies, askers=8, count=count, headers=headers, answered=answered
            )
            if found.errors:
                self.faults.append(f"mutated pictures: {dict(found.errors)}")
        connection = Connection(*self._server.place, headers=headers)
        codes = [(await connection.post(PATH, picture))[0] for picture in pictures]
        connection.close()
        return codes == [200] * len(codes)

    def table(self) -> str:
        """Statuses by operation, in Markdown."""
        lines = ["| operation | requests | statuses |", "|---|---|---|"]
        for operation, found in sorted(self.statuses.items()):
            came = ", ".join(f"{status or 'none'} × {count:,}" for status, count in sorted(found.items()))
            lines.append(f"| {operation} | {found.total():,} | {came} |")
        whole = sum(self.statuses.values(), Counter[int]())
        came = ", ".join(f"{status or 'none'} × {count:,}" for status, count in sorted(whole.items()))
        return "\n".join([*lines, f"| all | {whole.total():,} | {came} |"])

    def _note(self, operation: str, status: int) -> None:
        self.statuses.setdefault(operation, Counter())[status] += 1
        if status == 500:
            self.faults.append(f"{operation}: 500")

    def _operation(self, method: str, url: str) -> str:
        path = url.removeprefix(self._url).partition("?")[0]
        for operation, pattern in self.operations.items():
            if operation.startswith(f"{method} ") and pattern.fullmatch(path):
                return operation
        return "other methods and paths"


def _is_known(status: int, answer: bytes) -> bool:
    """Whether a body is one that belongs to its status."""
    try:
        if status == 200:
            Prediction.model_validate_json(answer)
            return True
        return set(json.loads(answer)["error"]) == {"code", "reason", "message", "request_id"}
    except (ValidationError, ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    main()
