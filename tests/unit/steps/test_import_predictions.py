"""Predictions made elsewhere become an evaluation folder, or one clear line."""

import pandas as pd
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.steps import import_predictions


@pytest.fixture
def dataset(tmp_path):
    pd.DataFrame({"id": ["a", "b", "c"], "label": ["x", "y", "y"], "site": [1, 2, None]}).to_csv(
        tmp_path / "val.csv", index=False
    )
    return f"table:{tmp_path}/val.csv?image=&id=id"


def _write(tmp_path, **columns):
    path = tmp_path / "p.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_rows_are_joined_by_id_in_the_order_of_the_data_set(dataset, tmp_path):
    path = _write(
        tmp_path, id=["c", "extra", "a", "b"], prediction=["y", "x", "x", "x"], confidence=[0.9, 1, 0.8, 0.7]
    )
    import_predictions.run(str(path), dataset, tmp_path / "out", name="vit")
    table = EvaluationTable.read(tmp_path / "out")
    assert table.header.model == "vit"
    assert table.samples.column("prediction").to_pylist() == ["x", "x", "y"]
    assert table.samples.column("confidence").to_pylist() == [0.8, 0.7, 0.9]
    assert table.attributes == ("site",)
    assert table.scores is None


def test_scores_give_the_prediction_and_the_loss(dataset, tmp_path):
    path = _write(tmp_path, id=["a", "b", "c"], p_x=[0.75, 0.5, 0.25], p_y=[0.25, 0.5, 0.75])
    table = import_predictions.run(f"{path}?scores=p_", dataset, tmp_path / "out")
    assert table.samples.column("prediction").to_pylist() == ["x", "x", "y"]
    assert table.scores is not None
    assert table.samples.column("loss").null_count == 0


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"id": ["a", "b"], "prediction": ["x", "y"]}, "", "each of 3 images, 1 have none: 'c'"),
        (
            {"id": ["a", "a", "c"], "prediction": ["x"] * 3},
            "",
            "row 2: id 'a' was predicted in row 1 already",
        ),
        (
            {"id": ["c", "b", "a"], "prediction": ["x", "q", "x"]},
            "",
            r"row 2, column 'prediction': .* got 'q'",
        ),
        ({"id": ["a", "b", "c"], "label": ["x"] * 3}, "", "no column 'prediction'"),
        (
            {"id": ["a", "b", "c"], "prediction": ["x"] * 3, "confidence": [0.1, 0.2, 1.5]},
            "",
            r"row 3, column 'confidence': expected a number in \[0, 1\], got 1.5",
        ),
        (
            {"id": ["a", "b", "c"], "prediction": ["x"] * 3, "confidence": [0.1, None, 0.5]},
            "",
            r"row 2, column 'confidence': expected a number in \[0, 1\], got nan",
        ),
        (
            {"id": ["a", "b", "c"], "prediction": ["x"] * 3, "confidence": ["high"] * 3},
            "",
            r"column 'confidence': expected numbers in \[0, 1\], got string",
        ),
        ({"id": ["a", "b", "c"], "p_x": [0.1] * 3}, "?scores=p_", "no column 'p_y'"),
        ({"id": ["a", "b", "c"]}, "?score=p_", "unknown option 'score'"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(dataset, tmp_path, columns, options, message):
    path = _write(tmp_path, **columns)
    with pytest.raises(InputError, match=message) as caught:
        import_predictions.run(f"{path}{options}", dataset, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_detections_are_written_and_what_was_noticed_is_told(tmp_path, capsys):
    import json

    truth = {
        "images": [{"id": 4, "file_name": "a.jpg", "width": 100, "height": 80}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 4, "category_id": 3, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0}
        ],
    }
    found = {"category_id": 3, "bbox": [2, 2, 30, 40], "score": 0.5}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "found.json").write_text(json.dumps([found | {"image_id": one} for one in (4, 5)]))
    import_predictions.run(
        f"{tmp_path}/found.json", f"coco:{tmp_path}/truth.json?images=", tmp_path / "out", task="detection"
    )
    table = EvaluationTable.read(tmp_path / "out")
    assert table.objects.column("role").to_pylist() == ["truth", "prediction"]
    assert table.header.model == "found"
    told = "1 predictions are of images outside of the data set; left out: prediction 1: image_id 5"
    assert told in capsys.readouterr().err


def test_masks_are_written(tmp_path):
    from PIL import Image

    for folder, value in (("images", 99), ("masks", 1), ("found", 1)):
        (tmp_path / folder).mkdir()
        Image.new("L", (6, 4), value).save(tmp_path / folder / "a.png")
    import_predictions.run(
        f"{tmp_path}/found", f"masks:{tmp_path}?classes=sky,road", tmp_path / "out", task="segmentation"
    )
    table = EvaluationTable.read(tmp_path / "out")
    assert table.pixels.column("pixels").to_pylist() == [24]
    assert table.masks.num_rows == 1
