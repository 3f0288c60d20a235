import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.reporting.atlas import Atlas
from seatrial.reporting.mistakes import mistake_groups
from seatrial.reporting.payload import embed, payload
from seatrial.slices import ConfusionCell, SliceReport, SliceRow
from seatrial.statistics import Estimate

NOTHING = Atlas((), {})


def test_every_slice_and_metric_is_there_with_its_numbers(refused):
    found = payload(refused.inputs(), [], NOTHING, None)
    place = {one["name"]: index for index, one in enumerate(found["slices"])}
    assert found["slices"][0]["name"] == "all"
    row = refused.slices.find("type=mono", "accuracy")
    cell = found["cells"]["accuracy"][place["type=mono"]]
    assert cell[0] == row.candidate.n
    assert cell[1:4] == pytest.approx([row.candidate.value, row.candidate.low, row.candidate.high], rel=1e-5)
    assert cell[8] == pytest.approx(row.difference.value, rel=1e-5)
    assert found["slices"][place["type=mono"]]["blocks"] == "fail"


def test_large_attributes_are_written_out(refused):
    inputs = refused.inputs()
    found = payload(inputs, mistake_groups(inputs, {}, 4), NOTHING, None)
    assert {dict(one["attributes"])["area"] for one in found["samples"]} == {"1\u202f024"}


def test_confusion_counts_are_complete_for_few_classes(refused):
    found = payload(refused.inputs(), [], NOTHING, None)
    for model in ("candidate", "baseline"):
        flat = found["confusion"][0][model]
        counted = sum(flat[2::3])
        assert counted == sum(
            one.count for one in refused.slices.confusion if (one.slice, one.model) == ("all", model)
        )


def test_many_classes_keep_the_pairs_that_either_model_confuses_most(refused):
    classes = [f"c{index}" for index in range(200)]
    cells = [
        ConfusionCell("all", model, classes[index], classes[index + 1], index + (model == "baseline"))
        for model in ("candidate", "baseline")
        for index in range(1, 199)
    ]
    cells.append(ConfusionCell("all", "candidate", "c0", "c0", 10_000))
    row = SliceRow("all", "all", {}, "image", "accuracy", None, 9, Estimate(0.5, None, None, 9))
    report = SliceReport(refused.slices.header | {"classes": classes}, (row,), tuple(cells))
    found = payload(refused.inputs(slices=report), [], NOTHING, None)
    assert found["heat_map"] is False
    kept = found["confusion"][0]
    assert len(kept["candidate"]) == len(kept["baseline"]) == 3 * 12
    assert max(kept["candidate"][2::3]) == 198


def test_classes_of_the_largest_slices_are_kept_and_the_rest_is_counted(refused):
    found = payload(refused.inputs(), [], NOTHING, None, class_rows=40)
    assert found["class_slices_left_out"] > 0
    assert 0 in found["class_cells"]["recall"]


@given(st.recursive(st.text() | st.none() | st.integers(), st.lists, max_leaves=5))
def test_embedded_json_cannot_end_its_element_and_reads_back(value):
    text = embed(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value
