"""Attributes and checks that users write go through the steps: columns, slices, findings."""

import numpy as np
import pytest
from PIL import Image

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.slices.defaults import default_specs
from seatrial.steps import check_data, evaluate_model

ATTRIBUTES = """
import numpy as np


def corner(image):
    return float(image[0, 0, 0])


def long_label(label):
    return len(label) > 3


def sure(label, prediction, confidence):
    return ("right" if label == prediction else "wrong") + (", sure" if confidence > 0.5 else "")
"""

CHECKS = """
from seatrial.quality import Finding, Found


def corners(given):
    values = given.data.manifest.table.column("corner").to_pylist()
    ids = tuple(one for one, value in zip(given.data.ids, values) if value > 199)
    return Found((Finding("corners", "info", "bright corners", ids, len(ids), {}),) if ids else ())


def fails(given):
    raise RuntimeError("of the user's")
"""


@pytest.fixture
def val(tmp_path):
    for number in range(6):
        rgb = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        rgb[0, 0] = 40 * number
        path = tmp_path / "val" / ("cat" if number % 2 else "horse") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)
    (tmp_path / "attributes.py").write_text(ATTRIBUTES)
    (tmp_path / "checks.py").write_text(CHECKS)
    return f"images:{tmp_path / 'val'}"


def test_a_users_check_sees_a_users_attribute(val, tmp_path):
    report = check_data.run(
        val,
        tmp_path / "out",
        attributes=tmp_path / "attributes.py",
        checks=tmp_path / "checks.py",
        only=["corners", "fails", "broken"],
    )
    (finding,) = report.findings
    assert finding.sample_ids == ("cat/5.png",)
    ends = {one.check: (one.status, one.reason) for one in report.checks}
    assert ends["fails"] == ("crashed", "RuntimeError: of the user's")
    assert ends["broken"][0] == "done"


def test_attributes_do_not_change_what_data_set_it_is(val, tmp_path):
    plain = check_data.run(val, tmp_path / "a", only=["broken"])
    more = check_data.run(val, tmp_path / "b", only=["broken"], attributes=tmp_path / "attributes.py")
    assert more.header["dataset"] == plain.header["dataset"]


def test_a_check_cannot_take_the_name_of_one_that_is_there(val, tmp_path):
    (tmp_path / "checks.py").write_text("def dark(given):\n    return None\n")
    with pytest.raises(InputError, match=r"checks.py: 'dark' is called like a check that is there"):
        check_data.run(val, tmp_path / "out", checks=tmp_path / "checks.py")
    assert not (tmp_path / "out").exists()


def test_a_check_of_a_file_can_be_chosen_and_an_unknown_one_is_said(val, tmp_path):
    with pytest.raises(InputError, match="'edges' is not a check: expected one of .*corners, fails"):
        check_data.run(val, tmp_path / "out", checks=tmp_path / "checks.py", only=["edges"])


@pytest.fixture
def evaluate(val, tmp_path, tiny_networks):
    options = ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test")

    def run(out, **arguments):
        model = "python:tiny_networks:tiny"
        return evaluate_model.run(model, val, tmp_path / out, options=options, device="cpu", **arguments)

    return run


def test_attributes_of_images_labels_and_predictions_are_axes_of_slices(evaluate, tmp_path):
    table = evaluate("evaluation", attributes=tmp_path / "attributes.py")
    again = EvaluationTable.read(tmp_path / "evaluation")
    assert again.samples.equals(table.samples)
    assert table.samples.column("corner").to_pylist() == [40.0, 120.0, 200.0, 0.0, 80.0, 160.0]
    assert table.samples.column("long_label").to_pylist() == [False] * 3 + [True] * 3
    for row in table.samples.to_pylist():
        right = "right" if row["label"] == row["prediction"] else "wrong"
        assert row["sure"] == right + (", sure" if row["confidence"] > 0.5 else "")
    assert {"corner", "long_label", "sure"} <= set(table.attributes)
    specs, left_out = default_specs(table)
    assert {"long_label", "sure"} <= {*specs, *left_out}
    assert "long_label" in specs


def test_an_evaluation_with_other_attributes_is_another_one(evaluate, tmp_path, capsys):
    plain = evaluate("evaluation")
    capsys.readouterr()
    more = evaluate("evaluation", attributes=tmp_path / "attributes.py")
    assert more.header.options_digest != plain.header.options_digest
    assert more.header.dataset_digest == plain.header.dataset_digest
    assert "holds this evaluation already" not in capsys.readouterr().err
    evaluate("evaluation", attributes=tmp_path / "attributes.py")
    assert "holds this evaluation already" in capsys.readouterr().err
