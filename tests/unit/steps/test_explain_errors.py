"""Failures of the three tasks are explained, whole or not at all, and never twice."""

import filecmp
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from seatrial.errors import InputError, ModelError
from seatrial.evaluation import Explanations
from seatrial.inference import ModelOptions
from seatrial.slices import SliceSpec
from seatrial.steps import evaluate_model, explain_errors

_PLAIN = {"mean": [0, 0, 0], "std": [1, 1, 1]}
_FILES = ["explanations.parquet", "explanations.json", "confusion_cells.json", "explanations.html"]


@pytest.fixture
def marked(tmp_path, save_image):
    """Twenty images of two classes, as a table with masks of their left halves."""
    half = np.zeros((20, 24), dtype=np.uint8)
    half[:, :12] = 7
    Image.fromarray(half).save(tmp_path / "half.png")
    rows = []
    for number in range(20):
        path = save_image(tmp_path / "images" / f"{number:02}.png", number, mean=90 + 80 * (number % 2))
        rows.append(
            {
                "image": str(path),
                "label": ("cracked", "sound")[number % 2],
                "site": ("A1", "B7")[number // 10],
                "core": str(tmp_path / "half.png") if number != 3 else None,
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "table.parquet")
    return f"table:{tmp_path / 'table.parquet'}?image=image&label=label"


@pytest.fixture
def looking_networks(monkeypatch):
    """The module ``looking_networks``, importable by name, fresh for each test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "networks"))
    monkeypatch.delitem(sys.modules, "looking_networks", raising=False)
    yield importlib.import_module("looking_networks")
    sys.modules.pop("looking_networks", None)


@pytest.fixture
def explain(marked, looking_networks, tmp_path):
    """Evaluate a tiny network, unless that was done, and explain it."""
    options = ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test")

    def run(out="out", *, model="python:looking_networks:Corners", dataset=marked, **arguments):
        evaluation = tmp_path / f"evaluation of {model.rpartition(':')[2]}"
        evaluate_model.run(model, marked, evaluation, options=options, device="cpu")
        given = {"core": "column:core", "device": "cpu", **arguments}
        return explain_errors.run(evaluation, model, dataset, tmp_path / out, options=options, **given)

    return run


def _same(one, other):
    _, different, missing = filecmp.cmpfiles(one, other, _FILES, shallow=False)
    return not different and not missing


def test_every_failure_and_every_drawn_sample_has_its_row(explain, tmp_path):
    found = explain(draw=5)
    rows = found.samples.to_pylist()
    assert sum(row["drawn"] for row in rows) == 5
    assert all(row["kind"] == "confused" or row["drawn"] for row in rows)
    assert {row["target"] for row in rows} == {row["prediction"] for row in rows}
    assert all(0 <= row["off_core"] <= 1 and row["core_area"] == 0.5 for row in rows if row["core"])
    assert all((row["patch_flip"] is None) == (row["kind"] == "right") for row in rows)
    assert Explanations.read(tmp_path / "out").samples == found.samples
    assert found.header["method"] == "activation"
    assert found.header["layers"] == ["body"]


def test_a_sample_without_a_core_has_a_map_and_no_share(explain):
    row = next(row for row in explain(draw=None).samples.to_pylist() if row["core"] is None)
    assert row["map"] is not None
    assert (row["off_core"], row["flip"], row["core_area"]) == (None, None, None)


def test_cells_list_their_samples_worst_first_and_average_what_is_explained(explain, tmp_path):
    found = explain(draw=None, slices={"site": SliceSpec(by=["site"])})
    document = json.loads((tmp_path / "out" / "confusion_cells.json").read_text())
    wrong = [cell for cell in document["cells"] if cell["kind"] == "confused"]
    assert sum(cell["n"] for cell in document["cells"]) == 20
    rows = found.samples.to_pylist()
    for cell in wrong:
        losses = [one["loss"] for one in cell["samples"]]
        assert losses == sorted(losses, reverse=True)
        explained = [rows[one["explained"]] for one in cell["samples"]]
        assert {row["id"] for row in explained} == {one["id"] for one in cell["samples"]}
        shares = [row["off_core"] for row in explained if row["off_core"] is not None]
        assert cell["off_core"]["value"] == pytest.approx(np.mean(shares))
        assert cell["off_core"]["low"] <= cell["off_core"]["value"] <= cell["off_core"]["high"]
        maps = [np.frombuffer(row["map"], np.uint8).reshape(14, 14) / 255 for row in explained]
        assert np.abs(np.mean(maps, axis=0) - np.array(cell["mean_map"])).max() < 1e-4
    assert [one["name"] for one in document["slices"]] == ["all", "site=A1", "site=B7"]
    assert [one["n"] for one in document["slices"]] == [20, 10, 10]


def test_the_page_and_the_sheets_show_each_cell(explain, tmp_path):
    explain(draw=None)
    page = (tmp_path / "out" / "explanations.html").read_text()
    assert "cracked" in page
    assert "http" not in page.replace("http-equiv", "")
    sheets = sorted((tmp_path / "out").glob("sheet-*.png"))
    cells = json.loads((tmp_path / "out" / "confusion_cells.json").read_text())["cells"]
    assert len(sheets) == len(cells)
    assert page.count("data:image/jpeg") == len(sheets)
    with Image.open(sheets[0]) as sheet:
        assert sheet.height > 300


def test_the_worst_of_each_cell_are_chosen_and_no_more(explain):
    every = explain("all of them", draw=0, per_cell=100).samples.to_pylist()
    few = explain("few", draw=0, per_cell=2, cells=1).samples.to_pylist()
    assert len(few) == 2 < len(every)
    assert {row["id"] for row in few} < {row["id"] for row in every}


def test_the_draw_does_not_depend_on_the_model(explain):
    def drawn(model):
        return {row["id"] for row in explain(model, model=model, draw=6).samples.to_pylist() if row["drawn"]}

    assert drawn("python:looking_networks:Corners") == drawn("python:looking_networks:Pair")


def test_the_same_input_gives_the_same_bytes(explain, tmp_path):
    explain("one")
    explain("other")
    assert _same(tmp_path / "one", tmp_path / "other")


def test_what_is_there_is_not_done_again_unless_forced(explain, tmp_path, capsys):
    explain()
    stamp = (tmp_path / "out" / "explanations.json").stat().st_mtime_ns
    explain()
    assert "holds these explanations already" in capsys.readouterr().err
    assert (tmp_path / "out" / "explanations.json").stat().st_mtime_ns == stamp
    explain(draw=3)
    assert (tmp_path / "out" / "explanations.json").stat().st_mtime_ns != stamp


def test_an_interrupted_run_continues_and_gives_the_same_bytes(
    explain, tmp_path, monkeypatch, looking_networks
):
    monkeypatch.setattr(explain_errors, "CHUNK", 5)
    model = "python:looking_networks:Interrupted"
    explain("whole", model=model, draw=None, batch_size=5)
    whole = looking_networks.Interrupted.calls
    looking_networks.Interrupted.stop_at = whole + whole // 2
    with pytest.raises(KeyboardInterrupt):
        explain("part", model=model, draw=None, batch_size=5)
    assert not (tmp_path / "part").exists()
    assert list(tmp_path.glob(".part.parts/*/*"))
    looking_networks.Interrupted.stop_at = None
    before = looking_networks.Interrupted.calls
    explain("part", model=model, draw=None, batch_size=5)
    assert looking_networks.Interrupted.calls - before < whole
    assert _same(tmp_path / "whole", tmp_path / "part")
    assert not list(tmp_path.glob(".part.parts"))


class TestTasks:
    @pytest.fixture
    def of_shapes(self, shapes, vision_networks, tmp_path):
        def run(model="Finder", **options):
            given = {"adapter": "boxes", "preprocess": {**_PLAIN}, **options}
            parsed = ModelOptions.parse(given, "test")
            dataset, uri = f"voc:{shapes}?classes=red,green,blue", f"python:vision_networks:{model}"
            evaluate_model.run(uri, dataset, tmp_path / "evaluation", options=parsed, device="cpu")
            return explain_errors.run(
                *(tmp_path / "evaluation", uri, dataset, tmp_path / "out"), options=parsed, device="cpu"
            )

        return run

    def test_an_object_of_a_detection_is_explained_against_its_own_box(self, of_shapes):
        rows = of_shapes().samples.to_pylist()
        assert len(rows) == 12
        assert {row["kind"] for row in rows} == {"right"}
        assert all(row["object"] is not None and row["core_area"] > 0 for row in rows)
        # the finder's score is its brightest pixel, which is in the rectangle
        assert all(row["off_core"] < 1e-6 for row in rows)
        assert max(abs(row["flip"]) for row in rows) < 1e-6

    def test_what_a_detector_makes_up_has_a_map_and_no_core(self, of_shapes):
        rows = of_shapes("MakesUp").samples.to_pylist()
        made_up = [row for row in rows if row["kind"] == "background"]
        assert made_up
        assert all(row["truth"] == "(background)" and row["core"] is None for row in made_up)

    def test_what_a_detector_misses_without_a_trace_has_no_map(self, of_shapes):
        rows = of_shapes("Blind").samples.to_pylist()
        assert {(row["kind"], row["map"], row["target"] == row["truth"]) for row in rows} == {
            ("missed", None, True)
        }

    def test_a_class_of_a_segmentation_is_explained_against_its_own_pixels(
        self, scenes, vision_networks, tmp_path
    ):
        options = ModelOptions.parse({"preprocess": {**_PLAIN, "resize": None}}, "test")
        dataset = f"masks:{scenes}?classes=background,red,green&void=255"
        uri = "python:vision_networks:Painter"
        evaluate_model.run(uri, dataset, tmp_path / "evaluation", options=options, device="cpu")
        found = explain_errors.run(
            *(tmp_path / "evaluation", uri, dataset, tmp_path / "out"), options=options, device="cpu"
        )
        rows = found.samples.to_pylist()
        assert len(rows) == 9
        known = [row for row in rows if row["off_core"] is not None]
        assert known
        assert all(row["off_core"] < 0.1 for row in known if row["target"] != "background")


class TestBadInput:
    def test_another_model_than_the_evaluations_is_refused(self, explain, tmp_path, marked):
        explain()
        options = ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test")
        with pytest.raises(InputError, match=r"the evaluation is of another model: expected .*:Corners'"):
            explain_errors.run(
                tmp_path / "evaluation of Corners",
                "python:looking_networks:Pair",
                marked,
                tmp_path / "other",
                options=ModelOptions.parse({**options.given, "preprocess": {"resize": 8, "crop": 8}}, "test"),
            )

    def test_another_data_set_is_refused(self, explain, image_folder):
        with pytest.raises(
            InputError, match=r"another than that of the evaluation, 'table': 20 images are not"
        ):
            explain(dataset=f"images:{image_folder}", core=None)

    @pytest.mark.parametrize(
        ("core", "message"),
        [
            ("column:cor", r"core 'column:cor': unknown column 'cor' \(did you mean 'core'\?\)"),
            ("column:site", r"none of \d+ images can be explained: 'mask A1: "),
            ("images:{images}", "core 'images:.*': expected boxes or masks, got labels of whole images"),
        ],
    )
    def test_a_core_that_says_nothing_is_refused(self, explain, image_folder, core, message):
        with pytest.raises(InputError, match=message):
            explain(core=core.format(images=image_folder))

    def test_a_core_of_other_images_is_refused(self, explain, shapes):
        with pytest.raises(InputError, match=r"knows none of the images of 'table'"):
            explain(core=f"voc:{shapes}")

    def test_masks_without_a_background_are_no_core(self, explain, scenes):
        with pytest.raises(InputError, match=r"expected a class 'background' beside what is core"):
            explain(core=f"masks:{scenes}?classes=a,b,c&void=255")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"method": "magic"}, "option method: expected one of auto, activation, gradient, occlusion"),
            ({"per_cell": -1}, "option per_cell: expected at least 0, got -1"),
            ({"layer": "nowhere"}, "option layer: unknown layer 'nowhere'"),
        ],
    )
    def test_options_that_cannot_be_are_refused(self, explain, changes, message):
        with pytest.raises(InputError, match=message):
            explain(**changes)

    def test_images_that_changed_since_are_told_and_the_others_explained(self, explain, tmp_path, capsys):
        explain("before", draw=None)
        (tmp_path / "images" / "04.png").write_bytes(b"not an image")
        evaluation = tmp_path / "evaluation of Corners"
        found = explain_errors.run(
            *(evaluation, "python:looking_networks:Corners", self.table(tmp_path), tmp_path / "after"),
            options=ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test"),
            draw=None,
            device="cpu",
        )
        assert "1 images could not be explained: 'not an image'" in capsys.readouterr().err
        assert [row["map"] is None for row in found.samples.to_pylist()].count(True) == 1

    def table(self, folder):
        return f"table:{folder / 'table.parquet'}?image=image&label=label"

    def test_without_errors_what_was_drawn_is_explained(self, shapes, vision_networks, tmp_path):
        options = ModelOptions.parse({"adapter": "boxes", "preprocess": {**_PLAIN}}, "test")
        dataset, uri = f"voc:{shapes}?classes=red,green,blue", "python:vision_networks:Finder"
        evaluate_model.run(uri, dataset, tmp_path / "e", options=options, device="cpu")
        given = {"options": options, "device": "cpu", "draw": 0}
        found = explain_errors.run(tmp_path / "e", uri, dataset, tmp_path / "out", **given)
        assert len(found) == 0
        assert json.loads((tmp_path / "out" / "confusion_cells.json").read_text())["cells"]

    def test_a_model_that_fails_leaves_nothing(self, explain, tmp_path, looking_networks):
        explain()
        looking_networks.Corners.forward = lambda self, pixels: 1 / 0
        with pytest.raises(
            ModelError, match=r"python:looking_networks:Corners cannot be explained: division by zero"
        ):
            explain("broken")
        assert not (tmp_path / "broken").exists()
        assert not list(tmp_path.glob(".broken.parts/*/*"))
