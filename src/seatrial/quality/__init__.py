"""Data checks and what they find."""

from seatrial.quality.check import Check, CheckInput, Found, NotApplicableError
from seatrial.quality.checks import CHECKS, chosen_checks, run_checks
from seatrial.quality.expectation_suite import check_columns, read_suite, write_suite
from seatrial.quality.finding import CheckResult, Finding, QualityReport, Severity
from seatrial.quality.gx_engine import check_suite
from seatrial.quality.measured import MeasuredDataset, measure
from seatrial.quality.options import CheckOptions
from seatrial.quality.splits import empty_reference, named_twice
from seatrial.quality.suite_proposal import OBJECTS, SAMPLES, propose_suite
from seatrial.quality.to_fix import to_fix
from seatrial.quality.training_dynamics import TrainingDynamics

__all__ = [
    "CHECKS",
    "OBJECTS",
    "SAMPLES",
    "Check",
    "CheckInput",
    "CheckOptions",
    "CheckResult",
    "Finding",
    "Found",
    "MeasuredDataset",
    "NotApplicableError",
    "QualityReport",
    "Severity",
    "TrainingDynamics",
    "check_columns",
    "check_suite",
    "chosen_checks",
    "empty_reference",
    "measure",
    "named_twice",
    "propose_suite",
    "read_suite",
    "run_checks",
    "to_fix",
    "write_suite",
]
