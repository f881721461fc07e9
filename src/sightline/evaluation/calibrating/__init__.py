"""What makes probabilities mean what they say: fitted, compared, chosen."""

from sightline.evaluation.calibrating.choose import (
    FEWEST_INDEPENDENT,
    Calibrated,
    fit_calibration,
    measure_calibration,
)
from sightline.evaluation.calibrating.errors import calibration_errors, classwise_calibration_error
from sightline.evaluation.calibrating.folds import deal_folds, group_numbers, held_out, rows_of
from sightline.evaluation.calibrating.isotonic import fit_isotonic, pool_adjacent_violators
from sightline.evaluation.calibrating.platt import fit_platt
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.evaluation.calibrating.vector import fit_vector_scaling

__all__ = [
    "FEWEST_INDEPENDENT",
    "Calibrated",
    "calibration_errors",
    "classwise_calibration_error",
    "deal_folds",
    "fit_calibration",
    "fit_isotonic",
    "fit_platt",
    "fit_temperature",
    "fit_vector_scaling",
    "group_numbers",
    "held_out",
    "measure_calibration",
    "pool_adjacent_violators",
    "rows_of",
]
