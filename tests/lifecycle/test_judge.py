import json
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bundles import LABELS, make_bundle, with_second_variant
from pictures import encode, gradient
from servers import running
from sightline.dataset import read_dataset
from sightline.errors import DatasetError, InputError
from sightline.inference import load
from sightline.lifecycle import RemoteServer, compare_with_server, judge
from sightline.lifecycle.evaluate_bundle import Asked, evaluate_on_data
from sightline.lifecycle.server_agreement import require_same_model
from sightline.records import DecisionRule, Temperature


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "pictures"
    for index, label in enumerate(LABELS * 4):
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / label / f"{index}.png").write_bytes(encode(gradient(30 + index, 50 - index)))
    (root / "good" / "broken.jpg").write_bytes(b"no image")
    return root


def test_figures_and_quarantine_come_from_the_folder(bundle, pictures):
    judged = judge(load(bundle), read_dataset(pictures))

    assert judged.evaluation.count == 12
    assert judged.split == "all"
    assert judged.seen_in_training == 0
    assert [aside.path for aside in judged.dataset.quarantine] == ["good/broken.jpg"]


def test_the_order_of_labels_is_that_of_the_bundle(bundle, pictures, tmp_path):
    only_hole = tmp_path / "only"
    (only_hole / "hole").mkdir(parents=True)
    (only_hole / "hole" / "a.png").write_bytes((pictures / "hole" / "2.png").read_bytes())

    judged = judge(load(bundle), read_dataset(only_hole))

    assert judged.scores.targets.tolist() == [LABELS.index("hole")]


def test_a_label_that_the_bundle_does_not_know_is_named(bundle, tmp_path):
    (tmp_path / "data" / "dent").mkdir(parents=True)
    (tmp_path / "data" / "dent" / "a.png").write_bytes(encode(gradient()))

    with pytest.raises(DatasetError, match="'dent'"):
        judge(load(bundle), read_dataset(tmp_path / "data"))


def test_a_split_without_images_is_an_error(bundle, pictures):
    with pytest.raises(InputError, match="no image of the split 'val'"):
        judge(load(bundle), read_dataset(pictures), "val")


def test_a_server_of_the_same_bundle_agrees(bundle, pictures):
    predictor = load(bundle)
    judged = judge(predictor, read_dataset(pictures))

    with running(bundle) as server:
        agreement = compare_with_server(judged, predictor, RemoteServer(server.url))

    assert agreement.holds
    assert agreement.images == 12
    assert agreement.max_probability_difference < 1e-6


def test_a_server_of_another_bundle_does_not_agree(bundle, pictures, tmp_path):
    predictor = load(bundle)
    judged = judge(predictor, read_dataset(pictures))
    hotter = make_bundle(tmp_path / "hotter", decision=DecisionRule(calibration=Temperature(value=9.0)))

    with running(hotter) as server:
        agreement = compare_with_server(judged, predictor, RemoteServer(server.url))

    assert not agreement.holds
    assert agreement.max_probability_difference > 1e-3


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:9"])
def test_a_server_that_is_none_is_named(bundle, pictures, url):
    predictor = load(bundle)

    with pytest.raises(InputError, match=url.replace(".", r"\.")):
        compare_with_server(judge(predictor, read_dataset(pictures)), predictor, RemoteServer(url))


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "http://127.0.0.1:99999", "http://[", "http://127.0.0.1:9"]
)
def test_a_server_that_is_none_is_refused_before_any_picture_is_read(bundle, tmp_path, url):
    with pytest.raises(InputError, match=re.escape(url)):
        evaluate_on_data(
            load(bundle), str(tmp_path / "absent"), Asked(server=RemoteServer(url)), lambda _: None
        )


def test_a_server_of_another_variant_or_bundle_is_named_before_any_picture_is_read(bundle, tmp_path):
    several = with_second_variant(bundle, tmp_path / "several")
    nothing = str(tmp_path / "absent")

    with running(several, "--variant", "second") as server:
        asked = Asked(server=RemoteServer(server.url))
        with pytest.raises(
            InputError, match=r"runs variant 'second' of .*is 'float32'\. Give --variant second"
        ):
            evaluate_on_data(load(several), nothing, asked, lambda _: None)
        with pytest.raises(InputError, match=r"runs bundle 'several' \(.*this is 'tiles' \("):
            evaluate_on_data(load(bundle), nothing, asked, lambda _: None)
        require_same_model(load(several, variant="second"), RemoteServer(server.url))


def test_a_server_of_something_else_is_not_taken_for_one_of_ours(bundle, tmp_path):
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "model").write_text("a page")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"

        with pytest.raises(InputError, match="something that is no JSON"):
            require_same_model(load(bundle), RemoteServer(url))
        with pytest.raises(InputError, match="answers 404 to /below/v1/model"):
            require_same_model(load(bundle), RemoteServer(f"{url}/below"))
        server.shutdown()


def test_the_command_prints_figures_and_json(bundle, pictures):
    command = [sys.executable, "-m", "sightline", "evaluate", str(bundle), str(pictures)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    as_json = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=180, check=True)

    assert "12 images" in shown.stdout
    assert "1 file set aside" in shown.stdout
    report = json.loads(as_json.stdout)
    assert report["evaluation"]["count"] == 12
    assert report["quarantined"][0]["reason"] == "format_not_allowed"
