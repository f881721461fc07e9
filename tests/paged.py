"""What the tests of the page at `/` ask, and of which decisions."""

import httpx
import numpy as np

from pictures import encode, gradient
from sightline.records import DecisionRule, PredictionSets, Temperature

PICTURE = encode(gradient())
NOISE = encode(np.random.default_rng(2).integers(0, 256, (40, 50, 3), dtype=np.uint8))
MAX_BYTES = 100_000
RULE = DecisionRule(
    calibration=Temperature(value=2.5),
    accept_thresholds=(0.92, 0.85, 2.0),
    alarm_thresholds=(None, None, 0.1),
    sets=PredictionSets(kind="lac", coverage=0.9, threshold=0.95),
    aim="recall(hole) >= 0.99",
)
SEVERAL = DecisionRule(
    activation="sigmoid",
    calibration=Temperature(value=3.0),
    label_thresholds=(0.2, 0.5, 0.9),
    review_from=(0.1, 0.4, 0.01),
)


def asked(url, data=PICTURE, **parameters):
    return httpx.post(f"{url}/v1/predict", content=data, params=parameters, timeout=30)
