"""Thousands of requests that schemathesis makes of a server's own OpenAPI document, good ones and bad ones.

    python -m benchmarks.serving.documented BUNDLE [--examples 300] [--seed 1]

Every answer has a status, a content type and a body that the document knows for this route, methods that are not there
are refused as HTTP has it, and nothing but 503 and 504 is a server's error. Exits with 1 where one is not so. A picture
that only looks like one is refused by its content, so what the document takes is not always answered with 200.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.serving.server import serving
from sightline.bundle import read_manifest

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with serving(options.bundle) as server:
        url = f"http://{server.place[0]}:{server.place[1]}"
        name = read_manifest(options.bundle)[1].name
        done = ask(url, name, options.examples, options.seed)
    print(done.stdout)
    raise SystemExit(done.returncode)


def ask(
    url: str,
    model: str,
    examples: int,
    seed: int,
    *more: str,
    document: str | None = None,
    checks: Sequence[str] = CHECKS,
) -> "subprocess.CompletedProcess[str]":
    """Let schemathesis ask a server, of which one model is known, about each route so many times, and more.

    more
        Further options of `schemathesis run`.
    document
        The OpenAPI document, where the server does not give it to everybody.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(
            f'[parameters]\n"path.model" = "{model}"\n'
            '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "4xx", 503, 504]\n'
        )
        if document is not None:
            Path(folder, "openapi.json").write_text(document)
        command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run"]
        command += [f"{url}/openapi.json"] if document is None else ["openapi.json", "--url", url]
        command += ["--no-color", "--continue-on-failure", "--warnings", "off"]
        command += ["--phases", "examples,coverage,fuzzing", "--checks", ",".join(checks)]
        command += ["--max-examples", str(examples), "--seed", str(seed), "--request-timeout", "30", *more]
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


if __name__ == "__main__":
    main()
