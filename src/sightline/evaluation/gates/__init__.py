"""What a bundle must reach: gates in words, and whether it passes them."""

from sightline.evaluation.gates.gate import GateResult, check_gates, judge_gates
from sightline.evaluation.gates.grammar import GRAMMAR, Drop, Gate, Limit, read_gate

__all__ = ["GRAMMAR", "Drop", "Gate", "GateResult", "Limit", "check_gates", "judge_gates", "read_gate"]
