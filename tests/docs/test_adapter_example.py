"""The adapter of one's own in the reference runs as it is printed there."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from seatrial.errors import InputError
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "models.md"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install the package of the example, with its entry point, as pip would."""
    text = _PAGE.read_text(encoding="utf-8").split("### Your own adapter")[1]
    code, table = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)[1] for kind in ("python", "toml"))
    group, name, value = re.search(r'entry-points\."(.*?)"\]\n(\w+) = "(.*?)"', table).groups()
    module = value.partition(":")[0].replace(".", "/")
    for path, content in {
        f"{module}.py": code,
        "my_package-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: my-package\nVersion: 1\n",
        "my_package-1.dist-info/entry_points.txt": f"[{group}]\n{name} = {value}\n",
    }.items():
        (tmp_path / "site" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / path).write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return name


@pytest.fixture
def model(tmp_path):
    """A model that finds the whole image, with 80 percent."""
    rows = np.array([[[0, 0, 8, 6, 0, 80]]], dtype=np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
        helper.make_node("Add", ["rows", "zero"], ["found"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 6, 8])],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, 1, 6])],
        [onnx.numpy_helper.from_array(rows, "rows")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "m.onnx")
    return str(tmp_path / "m.onnx")


@pytest.fixture
def evaluate(tmp_path, model):
    for part in ("Annotations", "JPEGImages"):
        (tmp_path / "data" / part).mkdir(parents=True)
    box = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
    (tmp_path / "data" / "Annotations" / "a.xml").write_text(
        f"<annotation><object><name>cat</name><bndbox>{box}</bndbox></object></annotation>"
    )
    Image.fromarray(np.zeros((12, 16, 3), dtype=np.uint8)).save(tmp_path / "data" / "JPEGImages" / "a.png")

    def run(**fields):
        options = ModelOptions.parse(fields, "test")
        data, out = f"voc:{tmp_path}/data", tmp_path / "out"
        return evaluate_model.run(model, data, out, options=options, task="detection", device="cpu")

    return run


def test_it_reads_what_it_says(installed, evaluate):
    found = evaluate(adapter=installed).objects.to_pandas().iloc[-1]
    assert (found["role"], found["class"], found["score"]) == ("prediction", "cat", pytest.approx(0.8))
    assert found[["x", "y", "width", "height"]].tolist() == [0, 0, 16, 12]


def test_its_fields_are_options_that_are_checked(installed, evaluate):
    table = evaluate(adapter=installed, adapter_options={"percent": 160})
    assert table.objects.column("score")[-1].as_py() == pytest.approx(0.5)
    with pytest.raises(InputError, match="adapter_options of 'rows': percent: .*got 'a lot'"):
        evaluate(adapter=installed, adapter_options={"percent": "a lot"})
