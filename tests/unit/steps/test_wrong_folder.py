"""A folder that another verb wrote: the error says which one writes what was looked for."""

import re

import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.gates import Verdict
from seatrial.quality import QualityReport
from seatrial.slices import SliceReport


@pytest.mark.parametrize(
    ("read", "file", "verbs"),
    [
        (EvaluationTable.read, "evaluation.json", "evaluate-model and import-predictions write it"),
        (SliceReport.read, "slice_report.json", "measure-slices writes it"),
        (QualityReport.read, "quality.json", "check-data writes it"),
        (lambda folder: Verdict.read(folder / "verdict.json"), "verdict.json", "decide-promotion writes it"),
    ],
)
def test_the_error_names_the_verb_that_writes_what_is_missing(tmp_path, read, file, verbs):
    told = f"cannot read {tmp_path / file}: No such file or directory ({verbs})"
    with pytest.raises(InputError, match=re.escape(told)):
        read(tmp_path)
