"""Bundle to answers, without torch."""

from sightline.inference.decide import Answer, decide
from sightline.inference.device_engine import DeviceEngine
from sightline.inference.engine import Engine, open_engine, open_graph
from sightline.inference.explaining import (
    ExplainedFile,
    Explainer,
    Explanation,
    as_png,
    check_label,
    draw_overlay,
    draw_pair,
    explain,
    explain_files,
    open_explainer,
)
from sightline.inference.golden import STAGES, read_golden, record_decisions, record_golden, replay_golden
from sightline.inference.many import FileOutcome, predict_files
from sightline.inference.nearest import NearestImages, open_nearest
from sightline.inference.onnx_engine import OnnxEngine, open_session
from sightline.inference.outliers import OutlierScorer, SingleScores, open_outlier_scorer
from sightline.inference.outside_bundles import require_outside_bundles
from sightline.inference.predictor import (
    Ask,
    Inferred,
    InFull,
    Predictor,
    Prepared,
    load,
    open_predictor,
    run_in_batches,
)
from sightline.inference.verify import Check, verify_bundle

__all__ = [
    "STAGES",
    "Answer",
    "Ask",
    "Check",
    "DeviceEngine",
    "Engine",
    "ExplainedFile",
    "Explainer",
    "Explanation",
    "FileOutcome",
    "InFull",
    "Inferred",
    "NearestImages",
    "OnnxEngine",
    "OutlierScorer",
    "Predictor",
    "Prepared",
    "SingleScores",
    "as_png",
    "check_label",
    "decide",
    "draw_overlay",
    "draw_pair",
    "explain",
    "explain_files",
    "load",
    "open_engine",
    "open_explainer",
    "open_graph",
    "open_nearest",
    "open_outlier_scorer",
    "open_predictor",
    "open_session",
    "predict_files",
    "read_golden",
    "record_decisions",
    "record_golden",
    "replay_golden",
    "require_outside_bundles",
    "run_in_batches",
    "verify_bundle",
]
