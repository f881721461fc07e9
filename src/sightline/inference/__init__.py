"""Bundle to answers, without torch."""

from sightline.inference.decide import Answer, decide
from sightline.inference.engine import Engine, open_engine, open_session
from sightline.inference.golden import STAGES, read_golden, record_decisions, record_golden, replay_golden
from sightline.inference.many import FileOutcome, predict_files
from sightline.inference.predictor import Predictor, load, run_in_batches
from sightline.inference.verify import Check, verify_bundle

__all__ = [
    "STAGES",
    "Answer",
    "Check",
    "Engine",
    "FileOutcome",
    "Predictor",
    "decide",
    "load",
    "open_engine",
    "open_session",
    "predict_files",
    "read_golden",
    "record_decisions",
    "record_golden",
    "replay_golden",
    "run_in_batches",
    "verify_bundle",
]
