import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import socket, sys, urllib.request

def refuse(*_, **__):
    print("CALLED HOME")
    raise OSError

socket.socket.connect = refuse
socket.create_connection = refuse
urllib.request.urlopen = refuse
{before}
sys.path.insert(0, {tests!r})
from chains import chain_graph, scenes
from sightline.optimize.quantizing.nncf_tool import quantize_with_nncf
from sightline.optimize.quantizing.qdq import prepare

quantize_with_nncf(prepare(chain_graph()), scenes(16, seed=1), "mixed", [])
import nncf.telemetry.decorator
print(type(nncf.telemetry.decorator.telemetry).__name__)
"""


@pytest.mark.parametrize("before", ["", "import nncf"], ids=["imported by us", "imported before"])
def test_nncf_reports_to_nobody(tmp_path, before):
    script = SCRIPT.format(before=before, tests=str(Path(__file__).parents[2]))

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )

    assert done.stdout == "MagicMock\n"
    if not before:
        assert not list(tmp_path.rglob("*ga_cid*"))
        assert "intel" not in {one.name for one in tmp_path.iterdir()}
