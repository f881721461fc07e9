import csv
import importlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import encode, gradient


def sightline(*arguments):
    command = [sys.executable, "-m", "sightline", *map(str, arguments)]
    # Wide enough that no cell is folded.
    wide = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=wide)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    (folder / "a.png").write_bytes(encode(gradient()))
    (folder / "below" / "b.JPG").write_bytes(encode(gradient(), "JPEG"))
    (folder / "broken.jpg").write_bytes(encode(gradient(), "JPEG")[:-50])
    (folder / "notes.txt").write_text("no image")
    return folder


def test_help_names_every_command_and_imports_nothing_heavy():
    script = (
        "import sys, sightline.cli.main; "
        "print(sorted({'numpy', 'onnxruntime', 'PIL', 'pydantic', 'fastapi', 'torch'} & set(sys.modules)))"
    )
    imported = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    shown = sightline("--help")

    assert imported.stdout.strip() == "[]"
    assert all(
        name in shown.stdout
        for name in ("demo", "train", "evaluate", "verify", "show", "predict", "explain", "serve")
    )


def test_verify_lists_every_check_and_exits_with_zero(bundle):
    result = sightline("verify", bundle)

    assert result.returncode == 0
    for check in (
        "manifest",
        "listing",
        "files",
        "graph",
        "golden: decode",
        "golden: resize",
        "golden: decision",
    ):
        assert check in result.stdout
    assert "can be trusted" in result.stdout


def test_verify_as_json_tells_what_failed(own_bundle):
    (own_bundle / "model.onnx").write_bytes(b"something else")

    result = sightline("verify", own_bundle, "--json")

    report = json.loads(result.stdout)
    assert result.returncode == 3
    assert report["passed"] is False
    failed = [check for check in report["checks"] if check["outcome"] == "failed"]
    assert [check["name"] for check in failed] == ["files"]
    assert "model.onnx" in failed[0]["detail"]
    assert {check["outcome"] for check in report["checks"][3:]} == {"not run"}


def test_show_says_what_a_person_wants_to_know(bundle):
    shown = sightline("show", bundle).stdout

    for fact in (
        "tiles",
        "crack, good, hole",
        "accuracy 0.5",
        "temperature 1.500",
        "seed 0",
        "32 × 32 px",
        "exact to",
    ):
        assert fact in shown


def test_show_as_json_gives_the_whole_manifest(bundle):
    assert json.loads(sightline("show", bundle, "--json").stdout) == json.loads(
        (bundle / "bundle.json").read_text()
    )


def test_predict_takes_files_folders_and_globs(bundle, pictures):
    by_folder = sightline("predict", bundle, pictures, "--csv")
    by_glob = sightline("predict", bundle, f"{pictures}/*.png", pictures / "below" / "b.JPG", "--csv")

    rows = list(csv.DictReader(by_folder.stdout.splitlines()))
    assert [row["file"].removeprefix(str(pictures)) for row in rows] == [
        "/a.png",
        "/below/b.JPG",
        "/broken.jpg",
    ]
    assert len(list(csv.DictReader(by_glob.stdout.splitlines()))) == 2
    assert by_glob.returncode == 0


def test_a_bad_file_is_one_row_and_the_exit_code_tells(bundle, pictures):
    result = sightline("predict", bundle, pictures / "broken.jpg", pictures / "a.png", "absent.png", "--json")

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert rows[0]["error"]["reason"] == "truncated"
    assert rows[1]["probability"] > 0
    assert rows[2]["error"]["code"] == "input_error"


def test_the_table_shows_errors_in_their_row(bundle, pictures):
    result = sightline("predict", bundle, pictures)

    assert result.returncode == 1
    assert "cut off" in result.stdout
    assert "1 of 3 files could not be classified" in result.stdout


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (("verify", "absent"), 2, "is no bundle"),
        (("show", "absent"), 2, "is no bundle"),
        (("predict", "absent", "a.jpg"), 2, "is no bundle"),
        (("serve", "absent"), 2, "is no bundle"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)

    result = sightline(*arguments)

    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_control_characters_in_names_do_not_reach_the_terminal(bundle, pictures):
    odd = pictures / "\x1b[31mred\nline.png"
    odd.write_bytes(encode(gradient()))

    shown = sightline("predict", bundle, odd).stdout

    assert "\x1b" not in shown
    assert "\\x1b[31mred" in shown


@pytest.mark.parametrize(
    "name", ["\x1b[31mred\nline.png", "return\rhere.png", 'a "b", c.png', "tab\tü.png"], ids=ascii
)
@pytest.mark.parametrize("whole", [True, False], ids=["good", "broken"])
def test_csv_has_the_true_path_whatever_is_in_it(bundle, tmp_path, name, whole):
    odd = tmp_path / name
    odd.write_bytes(encode(gradient()) if whole else b"broken")

    command = [sys.executable, "-m", "sightline", "predict", str(bundle), str(odd), "--csv"]
    result = subprocess.run(command, capture_output=True, timeout=180, check=False)

    [row] = csv.DictReader(io.StringIO(result.stdout.decode(), newline=""))
    assert row["file"] == str(odd)
    assert bool(row["label"]) == whole


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_name_that_is_not_text_is_an_error_of_that_file_and_the_others_go_on(
    bundle, pictures, tmp_path, command
):
    (pictures / "broken.jpg").unlink()
    odd = os.fsencode(pictures) + b"/caf\xe9.png"
    Path(os.fsdecode(odd)).write_bytes(encode(gradient()))
    outputs = ["--json", "--csv", None] if command == "predict" else ["--json", None]

    for option in outputs:
        arguments = [command, str(bundle), str(pictures), *([option] if option else [])]
        arguments += ["--out", str(tmp_path / "why")] if command == "explain" else []
        result = subprocess.run(
            [sys.executable, "-m", "sightline", *arguments],
            capture_output=True,
            timeout=180,
            check=False,
            env={**os.environ, "COLUMNS": "300"},
        )
        said = (result.stdout + result.stderr).decode()
        assert result.returncode == 1
        assert "caf\\udce9.png" in said.replace("\\\\", "\\")
        assert "The name is not valid UTF-8. Rename the file." in said
        if option == "--json":
            rows = [json.loads(line) for line in said.splitlines()]
            assert [row.get("error", {}).get("reason") for row in rows] == [None, None, "bad_name"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_one_sentence(bundle, pictures):
    command = [sys.executable, "-m", "sightline", "predict", str(bundle), str(pictures / "a.png")]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=180, check=False
        )

    assert result.returncode != 0
    assert "Traceback" not in result.stderr


def test_json_and_csv_at_once_are_refused(bundle, pictures):
    assert "exclude each other" in sightline("predict", bundle, pictures, "--json", "--csv").stderr


def test_an_empty_folder_is_no_set_of_images(bundle, tmp_path):
    result = sightline("predict", bundle, tmp_path)

    assert result.returncode == 2
    assert "No images found" in result.stderr


def test_errors_are_json_where_json_is_asked_for():
    assert json.loads(sightline("verify", "absent", "--json").stderr)["error"]["code"] == "input_error"


def test_sigterm_ends_a_command_as_ctrl_c_does_with_its_cleaning_up(monkeypatch):
    module = importlib.import_module("sightline.cli.main")
    cleaned = []

    def command():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleaned.append(True)

    monkeypatch.setattr(module, "app", command)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            module.main()
    finally:
        signal.signal(signal.SIGTERM, before)

    assert ended.value.code == 143
    assert cleaned == [True]
