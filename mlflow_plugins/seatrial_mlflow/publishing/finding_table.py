"""What data checks found, as MLflow shows it: numbers to chart, and a table."""

import json
from collections import Counter
from typing import Any

from seatrial.quality.finding import QualityReport
from seatrial_mlflow.publishing.metric_keys import slugs

__all__ = ["FINDING_TABLE", "finding_counts", "finding_table"]

#: Artifact that holds the findings, in the form that MLflow shows as a table.
FINDING_TABLE = "findings.json"

# the page reads the whole table at once; what is beyond is in findings.parquet
_TABLE_ROWS = 5000
_SAMPLES = 20


def finding_counts(quality: QualityReport | None) -> dict[str, float]:
    """Count the findings of each check that was done, all errors and warnings, and checks that crashed."""
    if quality is None:
        return {}
    done = [check for check in quality.checks if check.status == "done"]
    names = slugs(check.check for check in done)
    severities = Counter(one.severity for one in quality.findings)
    return {
        **{f"data/{names[check.check]}": float(check.findings) for check in done},
        "data_total/errors": float(severities["error"]),
        "data_total/warnings": float(severities["warning"]),
        "data_total/crashed_checks": float(sum(one.status == "crashed" for one in quality.checks)),
    }


def finding_table(quality: QualityReport) -> dict[str, list[Any]]:
    """Write findings in the form that MLflow shows as a table, errors first."""
    order = ("error", "warning", "info")
    found = sorted(quality.findings, key=lambda one: order.index(one.severity))[:_TABLE_ROWS]
    columns = ["severity", "check", "message", "samples", "first samples", "score", "evidence"]
    data = [
        [
            *(one.severity, one.check, one.message, len(one.sample_ids)),
            ", ".join(one.sample_ids[:_SAMPLES]),
            round(one.score, 6),
            json.dumps(one.evidence, ensure_ascii=False, sort_keys=True),
        ]
        for one in found
    ]
    return {"columns": columns, "data": data}
