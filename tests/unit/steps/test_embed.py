"""Images, and objects in them, become vectors."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.neighbours import Embeddings, merge_embeddings
from seatrial.steps import embed, evaluate_model

_FIELDS = {"preprocess": {"resize": 8, "crop": 8}}


@pytest.fixture
def run(image_folder, tiny_networks, tmp_path):
    """Embed the folder of images with a tiny network on the CPU."""

    def call(out="out", model="python:tiny_networks:tiny", *, fields=None, **arguments):
        options = ModelOptions.parse({**_FIELDS, **(fields or {})}, "test")
        if "evaluation" not in arguments:
            arguments.setdefault("dataset", f"images:{image_folder}")
        made = embed.run(model, tmp_path / out, options=options, device="cpu", **arguments)
        return made, Embeddings.read(tmp_path / out)

    return call


class TestImages:
    def test_vectors_are_those_that_an_evaluation_holds(self, run, image_folder, tmp_path):
        made, found = run()
        options = ModelOptions.parse(_FIELDS, "test")
        spec = f"images:{image_folder}"
        table = evaluate_model.run(
            "python:tiny_networks:tiny", spec, tmp_path / "e", options=options, device="cpu"
        )
        assert np.array_equal(found.vectors, table.embeddings)
        assert list(found.ids) == table.samples.column("id").to_pylist()
        assert found.header["model_digest"] == table.header.model_digest
        assert found.header["dataset_digest"] == table.header.dataset_digest
        assert found.column("label") == table.samples.column("label").to_pylist()
        assert found.column("width") == [24.0] * 20
        assert (made.rows, made.width, made.failures) == (20, 4, 0)

    def test_images_of_an_evaluation_can_be_embedded_by_another_model(self, run, image_folder, tmp_path):
        options = ModelOptions.parse(_FIELDS, "test")
        spec = f"images:{image_folder}"
        evaluate_model.run("python:tiny_networks:tiny", spec, tmp_path / "e", options=options, device="cpu")
        _, found = run(model="python:tiny_networks:mapping", evaluation=tmp_path / "e")
        assert len(found) == 20
        assert found.header["dataset"] == EvaluationTable.read(tmp_path / "e").header.dataset

    def test_a_classifier_whose_classes_are_named_says_what_it_sees(self, run):
        _, found = run(fields={"classes": ["cracked", "sound"]})
        assert set(found.column("prediction")) <= {"cracked", "sound"}
        assert all(0.5 <= one <= 1 for one in found.column("confidence"))
        assert all(0 <= one <= 1 for one in found.column("uncertainty"))

    def test_broken_images_are_counted_and_named(self, run, image_folder):
        (image_folder / "sound" / "broken.png").write_bytes(b"no image")
        made, found = run()
        assert made.failures == 1
        assert found.header["failures"][0]["id"] == "sound/broken.png"
        assert found.header["failures"][0]["reason"] == "not an image"
        assert len(found) == 20

    def test_nothing_readable_is_an_error(self, run, tmp_path):
        (tmp_path / "pool").mkdir()
        (tmp_path / "pool" / "a.png").write_bytes(b"no image")
        with pytest.raises(InputError, match=r"none of 1 images can be embedded: .*a\.png: not an image"):
            run(dataset=f"images:{tmp_path / 'pool'}")
        assert not (tmp_path / "out").exists()

    def test_an_empty_pool_is_an_error(self, run, tmp_path):
        (tmp_path / "pool").mkdir()
        with pytest.raises(InputError, match="is empty: no file below"):
            run(dataset=f"images:{tmp_path / 'pool'}")

    def test_a_model_without_vectors_is_told(self, run):
        with pytest.raises(ModelError, match="returned a mapping with keys"):
            run(model="python:tiny_networks:named")

    def test_what_a_model_returns_is_its_vector_where_nothing_else_is(self, run):
        _, found = run(model="python:tiny_networks:FeatureMap")
        assert found.width == 4

    def test_broken_vectors_are_told(self, run):
        with pytest.raises(ModelError, match="NaN or infinity as the embedding of"):
            run(model="python:tiny_networks:Blind")


class TestResuming:
    def test_an_interrupted_run_continues_and_gives_the_same_bytes(
        self, run, tiny_networks, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(embed, "CHUNK", 5)
        monkeypatch.setattr(embed, "_GROUP", 2)
        run("whole", model="python:tiny_networks:interrupted")
        calls = tiny_networks.Interrupted.calls
        tiny_networks.Interrupted.calls, tiny_networks.Interrupted.stop_at = 0, 3
        with pytest.raises(KeyboardInterrupt):
            run("out", model="python:tiny_networks:interrupted")
        assert not (tmp_path / "out").exists()
        tiny_networks.Interrupted.stop_at = None
        tiny_networks.Interrupted.calls = 0
        run("out", model="python:tiny_networks:interrupted")
        assert tiny_networks.Interrupted.calls < calls
        assert Embeddings.digest(tmp_path / "out") == Embeddings.digest(tmp_path / "whole")

    def test_finished_embeddings_are_not_made_twice(self, run, tiny_networks, capsys):
        first, _ = run(model="python:tiny_networks:interrupted")
        calls = tiny_networks.Interrupted.calls
        second, _ = run(model="python:tiny_networks:interrupted")
        assert second == first
        assert tiny_networks.Interrupted.calls == calls
        assert "holds these embeddings already" in capsys.readouterr().err
        run(model="python:tiny_networks:interrupted", force=True)
        assert tiny_networks.Interrupted.calls > calls

    def test_shards_make_up_the_whole(self, run, image_folder, tmp_path):
        (image_folder / "sound" / "broken.png").write_bytes(b"no image")
        _, whole = run("whole")
        parts = [tmp_path / f"part-{number}" for number in range(3)]
        for number in range(3):
            run(f"part-{number}", shard=(number, 3))
        assert merge_embeddings(parts[::-1], tmp_path / "merged") == 20
        merged = Embeddings.read(tmp_path / "merged")
        assert merged.ids == whole.ids
        assert np.allclose(merged.vectors, whole.vectors, atol=1e-6)
        assert merged.details.equals(whole.details)
        assert {**merged.header, "key": ""} == {**whole.header, "key": ""}
        with pytest.raises(InputError, match="expected shards 0 to 2 of 3, once each, got 0/3, 2/3"):
            merge_embeddings([parts[0], parts[2]], tmp_path / "less")
        run("other", model="python:tiny_networks:mapping", shard=(1, 3))
        with pytest.raises(InputError, match="expected the same model, options and data set"):
            merge_embeddings([parts[0], tmp_path / "other", parts[2]], tmp_path / "less")
        made_elsewhere = Embeddings(("a",), np.ones((1, 4), np.float32))
        made_elsewhere.write(tmp_path / "elsewhere")
        with pytest.raises(InputError, match="expected what embed --shard writes, there is no 'shard'"):
            merge_embeddings([parts[0], tmp_path / "elsewhere"], tmp_path / "less")
        table = pq.read_table(parts[1] / "embeddings.parquet")
        odd = table.set_column(1, "vector", pa.array([[1.0]] * len(table), pa.list_(pa.float32(), 1)))
        pq.write_table(odd, parts[1] / "embeddings.parquet")
        with pytest.raises(InputError, match="hold different columns"):
            merge_embeddings(parts, tmp_path / "less")
        assert not (tmp_path / "less").exists()

    def test_what_is_asked_for_has_to_make_sense(self, run, tmp_path):
        with pytest.raises(InputError, match="either a data set or an evaluation"):
            embed.run("m.onnx", tmp_path / "out")
        with pytest.raises(InputError, match="margin: expected a number from 0 to 1, got -1"):
            run(margin=-1)
        with pytest.raises(InputError, match="has no objects: expected a detection data set"):
            run(level="object")
        with pytest.raises(InputError, match="shard 3/3"):
            run(shard=(3, 3))


class TestObjects:
    def test_each_object_is_cut_out(self, run, shapes):
        made, found = run(
            model="python:tiny_networks:Colour",
            dataset=f"voc:{shapes}?classes=red,green,blue",
            level="object",
            margin=0,
            fields={"preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1], "crop": 8, "resize": 8}},
        )
        assert made.level == found.level == "object"
        assert found.boxes.shape == (12, 4)
        colours = {"red": 0, "green": 1, "blue": 2}
        for vector, name in zip(found.vectors, found.column("class"), strict=True):
            assert vector[colours[name]] > 0.95  # nothing but the object is in the crop
        assert set(found.column("role")) == {"truth"}

    def test_a_detector_sees_objects_with_the_options_that_it_was_evaluated_with(self, run, shapes):
        _, found = run(
            model="python:vision_networks:Finder",
            dataset=f"voc:{shapes}?classes=red,green,blue",
            level="object",
            fields={"adapter": "boxes", "preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1]}},
        )
        assert found.header["task"] == "detection"
        assert found.header["options"]["adapter"] == "boxes"  # with which a search loads it again
        assert len(found.vectors) == 12

    def test_objects_of_an_evaluation_are_true_or_predicted(self, run, shapes, vision_networks, tmp_path):
        options = {"adapter": "boxes", "preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1]}}
        evaluate_model.run(
            "python:vision_networks:Finder",
            f"voc:{shapes}?classes=red,green,blue",
            tmp_path / "e",
            options=ModelOptions.parse(options, "test"),
            task="detection",
            device="cpu",
        )
        asked = {"evaluation": tmp_path / "e", "level": "object", "min_score": 0.0}
        _, truths = run("truths", **asked)
        _, predictions = run("predictions", roles="prediction", **asked)
        _, both = run("both", roles="both", **asked)
        assert len(both) == len(truths) + len(predictions)
        assert all(one is not None for one in predictions.column("score"))
        with pytest.raises(
            InputError, match=r"no object to embed, of \d+ \(role prediction, score at least 1\)"
        ):
            run("none", roles="prediction", **asked | {"min_score": 1.0})

    def test_an_object_outside_of_its_image_is_counted(self, run, tmp_path):
        (tmp_path / "here").mkdir()
        Image.new("RGB", (20, 20)).save(tmp_path / "here" / "a.png")
        boxes = [[1, 1, 5, 5], [25, 25, 5, 5]]
        document = {
            "images": [{"id": 1, "file_name": "a.png", "width": 20, "height": 20}],
            "annotations": [
                {"id": number, "image_id": 1, "category_id": 1, "bbox": box, "area": 25, "iscrowd": 0}
                for number, box in enumerate(boxes, start=1)
            ],
            "categories": [{"id": 1, "name": "thing"}],
        }
        (tmp_path / "boxes.json").write_text(json.dumps(document))
        made, found = run(
            dataset=f"coco:{tmp_path / 'boxes.json'}?images={tmp_path / 'here'}", level="object"
        )
        assert (made.rows, made.failures) == (1, 1)
        assert "holds no pixel of the image of 20×20" in found.header["failures"][0]["reason"]


class TestTorchvision:
    def test_a_model_of_torchvisions_embeds_by_its_weights(self, run, tmp_path):
        from torchvision.models import squeezenet1_1

        torch.manual_seed(0)
        torch.save(squeezenet1_1().state_dict(), tmp_path / "squeezenet.pth")
        made, found = run(
            model="torchvision:squeezenet1_1",
            weights=tmp_path / "squeezenet.pth",
            fields={"preprocess": {"resize": 64, "crop": 64}},
        )
        assert made.width == 1000
        assert found.header["model"] == "torchvision:squeezenet1_1"
        assert found.header["weights"].endswith("squeezenet.pth")

    def test_nothing_is_downloaded(self, run, tmp_path):
        with pytest.raises(InputError, match="name its weights.*nothing is downloaded"):
            run(model="torchvision:resnet18")
        with pytest.raises(InputError, match="no model 'resnet81'; did you mean 'resnet18'"):
            run(model="torchvision:resnet81", weights=tmp_path / "w.pth")
        with pytest.raises(ModelError, match="no such file"):
            run(model="torchvision:resnet18", weights=tmp_path / "w.pth")
        with pytest.raises(
            InputError, match="weights .* are for what torchvision:NAME or open_clip:NAME builds"
        ):
            run(weights=tmp_path / "w.pth")
