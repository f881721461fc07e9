import hashlib

import numpy as np
import pytest

from bundles import LABELS, make_bundle, outlier_rule, reseal
from pictures import encode
from sightline.inference import load

IMAGES = 180


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Noise of several colours, named after what the bundle answers."""
    root = tmp_path_factory.mktemp("data") / "pictures"
    predictor = load(make_bundle(tmp_path_factory.mktemp("b") / "tiles"))
    rng = np.random.default_rng(0)
    for index in range(IMAGES):
        levels = rng.integers(0, 256, 3)
        picture = encode(np.clip(levels + rng.integers(-40, 40, (36, 40, 3)), 0, 255).astype(np.uint8))
        label = predictor.predict(picture).label if index % 8 else LABELS[index % 3]
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / label / f"{index:03}.png").write_bytes(picture)
    return root


@pytest.fixture(scope="module")
def known(pictures, tmp_path_factory):
    """A bundle that knows the split of each picture, and rejects strange ones."""
    folder = tmp_path_factory.mktemp("known")
    rows = [
        f"{('train', 'val', 'test')[index % 3]},{path.name},{path.parent.name},,"
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for index, path in enumerate(sorted(pictures.rglob("*.png")))
    ]
    plain = make_bundle(folder / "plain", outliers=outlier_rule())
    table = "\n".join(["split,path,label,group,sha256", *rows]).encode()
    return reseal(plain, folder / "known", {"dataset.csv": table})
