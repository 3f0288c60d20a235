"""Why a sample fails: spurious correlation, wrong label, rare, ambiguous, or not explained."""

from seatrial.mining.causes.assign import assign_causes
from seatrial.mining.causes.evidence import Evidence
from seatrial.mining.causes.group import GroupCause, group_cause
from seatrial.mining.causes.lift import Lift, training_lift
from seatrial.mining.causes.rules import ACTIONS, CAUSES, Cause, CauseRules
from seatrial.mining.causes.table import CAUSE_SCHEMA, Causes

__all__ = [
    "ACTIONS",
    "CAUSES",
    "CAUSE_SCHEMA",
    "Cause",
    "CauseRules",
    "Causes",
    "Evidence",
    "GroupCause",
    "Lift",
    "assign_causes",
    "group_cause",
    "training_lift",
]
