import hashlib

import numpy as np
import pytest

from bundles import LABELS, make_bundle, reseal
from pictures import encode
from quadrants import draw_quadrants, quick
from sightline.inference import load


class Quiet:
    def stage(self, title):
        pass

    def progress(self, done, total):
        pass

    def note(self, text):
        pass


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """Noise of several colours, mostly named after what the tiny bundle answers; and that bundle, with their splits."""
    folder = tmp_path_factory.mktemp("exporting")
    plain = make_bundle(folder / "plain")
    predictor, rng, rows = load(plain), np.random.default_rng(0), []
    for index in range(150):
        levels = rng.integers(0, 256, 3)
        picture = encode(np.clip(levels + rng.integers(-40, 40, (36, 40, 3)), 0, 255).astype(np.uint8))
        label = predictor.predict(picture).label if index % 8 else LABELS[index % 3]
        (folder / "pictures" / label).mkdir(parents=True, exist_ok=True)
        (folder / "pictures" / label / f"{index:03}.png").write_bytes(picture)
        digest = hashlib.sha256(picture).hexdigest()
        rows.append(f"{('train', 'val', 'test')[index % 3]},{index:03}.png,{label},,{digest}")
    table = "\n".join(["split,path,label,group,sha256", *rows]).encode()
    return reseal(plain, folder / "known", {"dataset.csv": table}), folder / "pictures"


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A trained bundle, its run beside it, and its pictures."""
    pytest.importorskip("torch")
    from sightline.lifecycle.build import build_bundle
    from sightline.training import recipe_for

    root = tmp_path_factory.mktemp("trained")
    draw_quadrants(root / "data", train=16, val=8)
    options = quick("model.backbone=test_resnet", "training.epochs=4", "data.test_fraction=0.2")
    return build_bundle(recipe_for(root / "data", options), root / "line", listener=Quiet())
