"""A model and a data set become an evaluation folder, whole or not at all."""

import filecmp
import os
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch

from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationTable, cache
from seatrial.images import PROPERTIES
from seatrial.inference import ModelOptions
from seatrial.inference.runner import Runner
from seatrial.steps import evaluate_model

_FIELDS = {"preprocess": {"resize": 8, "crop": 8}}
_FILES = ["embeddings.parquet", "evaluation.json", "samples.parquet", "scores.parquet"]


@pytest.fixture
def evaluate(image_folder, tiny_networks, tmp_path):
    """Evaluate a tiny network on the folder of images on the CPU."""

    def run(out="out", *, model="python:tiny_networks:tiny", dataset=None, **arguments):
        options = ModelOptions.parse({**_FIELDS, **arguments.pop("options", {})}, "test")
        dataset = dataset or f"images:{image_folder}"
        return evaluate_model.run(model, dataset, tmp_path / out, options=options, device="cpu", **arguments)

    return run


@pytest.fixture
def short_chunks(monkeypatch):
    """Put results aside every five images."""
    monkeypatch.setattr(evaluate_model, "CHUNK", 5)


def _same(one, other):
    _, different, missing = filecmp.cmpfiles(one, other, _FILES, shallow=False)
    return not different and not missing


class TestTable:
    def test_every_image_has_its_row(self, evaluate, tmp_path):
        evaluate()
        table = EvaluationTable.read(tmp_path / "out")
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == _FILES
        assert len(table) == 20
        names = ["id", "label", "prediction", "confidence", "loss", "group", "uri", "content", *PROPERTIES]
        assert table.samples.column_names == names
        assert table.samples.column("id")[0].as_py() == "cracked/0.png"
        assert table.scores.shape == (20, 2)
        assert table.embeddings.shape == (20, 4)

    def test_prediction_confidence_and_loss_follow_from_the_scores(self, evaluate):
        table = evaluate()
        frame = table.samples.to_pandas()
        best = table.scores.argmax(1)
        assert frame["prediction"].tolist() == [table.header.classes[code] for code in best]
        np.testing.assert_array_equal(frame["confidence"], table.scores.max(1).astype(np.float64))
        truth = [table.header.classes.index(label) for label in frame["label"]]
        chosen = table.scores[np.arange(20), truth].astype(np.float64)
        np.testing.assert_array_equal(frame["loss"], -np.log(chosen))

    def test_equal_scores_predict_the_first_class(self, evaluate):
        table = evaluate(model="python:tiny_networks:Ties")
        assert set(table.samples.column("prediction").to_pylist()) == {"cracked"}
        assert table.embeddings is None

    def test_the_header_says_where_it_comes_from(self, evaluate):
        header = evaluate().header
        assert header.task == "classification"
        assert header.classes == ("cracked", "sound")
        assert header.model == "python:tiny_networks:tiny"
        assert (header.dataset, header.dataset_size, header.failures) == ("data", 20, ())
        for digest in (header.model_digest, header.dataset_digest, header.options_digest):
            assert digest.startswith("sha256:")

    def test_the_same_input_gives_the_same_bytes(self, evaluate, tmp_path):
        evaluate("one")
        evaluate("two", workers=3)
        assert _same(tmp_path / "one", tmp_path / "two")

    @pytest.mark.parametrize("batch_size", [1, 3, 20])
    def test_batch_size_changes_scores_by_no_more_than_1e_5(self, evaluate, batch_size):
        one, other = evaluate("one"), evaluate("two", batch_size=batch_size)
        np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=1e-5)
        np.testing.assert_allclose(one.embeddings, other.embeddings, rtol=0, atol=1e-5)

    def test_shards_make_up_the_whole(self, evaluate, short_chunks):
        whole = evaluate(batch_size=5)
        shards = [evaluate(f"shard{index}", shard=(index, 3)) for index in range(3)]
        merged = EvaluationTable.merge(shards)
        assert merged.header == whole.header
        assert merged.samples.column("id").equals(whole.samples.column("id"))
        np.testing.assert_allclose(merged.scores, whole.scores, rtol=0, atol=1e-5)

    def test_shards_of_different_options_do_not_merge(self, evaluate):
        one = evaluate("one", shard=(0, 2))
        other = evaluate("two", shard=(1, 2), options={"preprocess": {"resize": 9, "crop": 8}})
        with pytest.raises(InputError, match="another evaluation"):
            EvaluationTable.merge([one, other])


class TestAttributes:
    def _table(self, tmp_path, image_folder, **columns):
        images = [str(image_folder / "sound" / f"{number}.png") for number in range(3)]
        frame = pd.DataFrame({"image": images, "label": ["sound", None, "cracked"], **columns})
        frame.to_csv(tmp_path / "val.csv", index=False)
        return f"table:{tmp_path}/val.csv?image=image&label=label&classes=cracked,sound"

    def test_a_property_has_one_meaning_metadata_of_its_name_gives_way_and_is_told(
        self, evaluate, image_folder, tmp_path, capsys
    ):
        dataset = self._table(tmp_path, image_folder, site=["x", "y", "x"], brightness=["low", "high", "low"])
        table = evaluate(dataset=dataset)
        measured = evaluate("plain", dataset=self._table(tmp_path, image_folder)).samples
        assert table.samples.column("brightness").equals(measured.column("brightness"))
        assert table.samples.column("site").to_pylist() == ["x", "y", "x"]
        assert table.attributes[:2] == ("site", "width")
        assert (
            "1 columns are called like a property of images; where those are measured, that is what counts: "
            "column 'brightness'"
        ) in capsys.readouterr().err

    def test_an_image_without_a_label_has_a_prediction_and_no_loss(self, evaluate, image_folder, tmp_path):
        table = evaluate(dataset=self._table(tmp_path, image_folder))
        losses = table.samples.column("loss").to_pylist()
        assert [loss is None for loss in losses] == [False, True, False]
        assert table.samples.column("prediction").null_count == 0


class TestBrokenImages:
    def test_they_are_counted_and_named(self, evaluate, image_folder, tmp_path):
        (image_folder / "sound" / "3.png").write_bytes(b"not an image")
        content = (image_folder / "sound" / "4.png").read_bytes()
        (image_folder / "sound" / "4.png").write_bytes(content[: len(content) // 2])
        evaluate()
        table = EvaluationTable.read(tmp_path / "out")
        assert len(table) == 18
        first, second = table.header.failures
        assert (first.id, first.reason) == ("sound/3.png", "not an image")
        assert first.uri.endswith("/sound/3.png")
        assert second.reason.startswith("truncated or damaged")

    def test_no_readable_image_at_all_is_one_line(self, evaluate, image_folder, tmp_path):
        for path in image_folder.rglob("*.png"):
            path.write_bytes(b"not an image")
        with pytest.raises(
            InputError, match=r"none of 20 images can be read: .*cracked/0\.png: not an image; "
        ):
            evaluate()
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / ".out.parts").exists()


class TestClasses:
    def test_the_models_classes_may_be_named_in_its_own_order(self, evaluate):
        table = evaluate(
            model="python:tiny_networks:three_classes", options={"classes": ["sound", "dirty", "cracked"]}
        )
        assert table.header.classes == ("sound", "dirty", "cracked")

    def test_a_count_that_differs_says_what_to_do(self, evaluate, tmp_path):
        with pytest.raises(
            ModelError,
            match=r"3 values an image: expected 2, .* \('cracked', 'sound'\); name .* option classes",
        ):
            evaluate(model="python:tiny_networks:three_classes")
        assert not (tmp_path / "out").exists()

    def test_labels_that_the_model_does_not_know_are_named(self, evaluate):
        with pytest.raises(
            InputError, match="column 'label': 'cracked' are not classes of the model: expected one"
        ):
            evaluate(options={"classes": ["sound", "dirty"]})


class TestResuming:
    def test_an_interrupted_run_continues_to_the_same_bytes(
        self, evaluate, short_chunks, tiny_networks, image_folder, tmp_path
    ):
        (image_folder / "cracked" / "2.png").write_bytes(b"not an image")
        model = "python:tiny_networks:interrupted"
        evaluate("whole", model=model, batch_size=5)
        tiny_networks.Interrupted.calls, tiny_networks.Interrupted.stop_at = 0, 3
        with pytest.raises(KeyboardInterrupt):
            evaluate(model=model, batch_size=5)
        assert not (tmp_path / "out").exists()
        tiny_networks.Interrupted.calls, tiny_networks.Interrupted.stop_at = 0, None
        evaluate(model=model, batch_size=5)
        assert tiny_networks.Interrupted.calls < 4, "finished chunks were computed again"
        assert _same(tmp_path / "out", tmp_path / "whole")
        assert not list(tmp_path.glob(".*parts"))

    def test_a_run_with_other_options_starts_anew(self, evaluate, short_chunks, tiny_networks):
        model = "python:tiny_networks:interrupted"
        tiny_networks.Interrupted.stop_at = 3
        with pytest.raises(KeyboardInterrupt):
            evaluate(model=model, batch_size=5)
        tiny_networks.Interrupted.calls, tiny_networks.Interrupted.stop_at = 0, None
        evaluate(model=model, batch_size=5, options={"preprocess": {"resize": 9, "crop": 8}})
        assert tiny_networks.Interrupted.calls == 4

    def test_a_finished_evaluation_is_not_done_twice_unless_forced(self, evaluate, tiny_networks):
        model = "python:tiny_networks:interrupted"
        first = evaluate(model=model)
        calls = tiny_networks.Interrupted.calls
        again = evaluate(model=model)
        assert tiny_networks.Interrupted.calls == calls
        assert again.samples.equals(first.samples)
        evaluate(model=model, force=True)
        assert tiny_networks.Interrupted.calls > calls

    @pytest.mark.parametrize("field", ["model_digest", "dataset_digest", "options_digest", "shard"])
    def test_an_evaluation_of_something_else_is_replaced(
        self, evaluate, tiny_networks, image_folder, save_image, tmp_path, field
    ):
        first = evaluate()
        arguments = {"shard": (0, 2)} if field == "shard" else {}
        if field == "model_digest":
            tiny_networks.tiny = tiny_networks.Tiny
        if field == "dataset_digest":
            save_image(image_folder / "sound" / "3.png", 77)
        if field == "options_digest":
            arguments = {"options": {"preprocess": {"resize": 9, "crop": 8}}}
        second = evaluate(**arguments)
        assert getattr(second.header, field) != getattr(first.header, field)
        assert EvaluationTable.read(tmp_path / "out").header == second.header


class TestKeptEvaluations:
    @pytest.fixture
    def exported(self, tiny_networks, tmp_path):
        """Write a tiny network as TorchScript; gives its path."""

        def write(name="model.pt", build=None):
            if build is None and (tmp_path / name).exists():
                return str(tmp_path / name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch.jit is deprecated
                torch.jit.trace((build or tiny_networks.pair)().eval(), torch.zeros(1, 3, 8, 8)).save(
                    tmp_path / name
                )
            return str(tmp_path / name)

        return write

    @pytest.fixture
    def runs(self, monkeypatch):
        """Count the images that went through a model."""
        images = []
        real = Runner.run

        def counted(self, todo, advance):
            images.append(sum(map(len, todo)))
            return real(self, todo, advance)

        monkeypatch.setattr(Runner, "run", counted)
        return images

    def test_the_same_evaluation_elsewhere_runs_no_model_and_has_the_same_bytes(
        self, evaluate, exported, runs, tmp_path
    ):
        evaluate("first", model=exported(), cache=tmp_path / "cache")
        evaluate("second", model=exported(), cache=tmp_path / "cache")
        assert runs == [20]
        evaluate("fresh", model=exported())
        assert runs == [20, 20]
        assert _same(tmp_path / "first", tmp_path / "second")
        assert _same(tmp_path / "second", tmp_path / "fresh")

    def test_another_name_of_the_same_model_is_the_same_evaluation(self, evaluate, exported, runs, tmp_path):
        one, other = exported("one.pt"), str(tmp_path / "other.pt")
        shutil.copyfile(one, other)
        evaluate("first", model=one, cache=tmp_path / "cache")
        evaluate("second", model=other, cache=tmp_path / "cache")
        evaluate("fresh", model=other)
        assert runs == [20, 20]
        assert EvaluationTable.read(tmp_path / "second").header.model == other
        assert _same(tmp_path / "second", tmp_path / "fresh")

    @pytest.mark.parametrize(
        "change", ["model", "image", "new image", "options", "classes", "shard", "force"]
    )
    def test_whatever_changes_the_result_runs_the_model(
        self, evaluate, exported, runs, tiny_networks, image_folder, save_image, tmp_path, change
    ):
        model, arguments = exported(), {}
        evaluate("first", model=model, cache=tmp_path / "cache")
        if change == "model":
            exported(build=tiny_networks.Pair)
        if change == "image":
            save_image(image_folder / "sound" / "3.png", 77)
        if change == "new image":
            save_image(image_folder / "sound" / "new.png", 77)
        if change == "options":
            arguments = {"options": {"preprocess": {"resize": 9, "crop": 8}}}
        if change == "classes":
            arguments = {"options": {"classes": ["sound", "cracked"]}}
        if change == "shard":
            arguments = {"shard": (0, 2)}
        if change == "force":
            arguments = {"force": True}
        evaluate("second", model=model, cache=tmp_path / "cache", **arguments)
        assert len(runs) == 2

    def test_what_can_change_unseen_is_never_kept(self, evaluate, exported, image_folder, runs, tmp_path):
        evaluate("code", cache=tmp_path / "cache")
        evaluate("trusted", model=exported(), cache=tmp_path / "cache", options={"trust_pickle": True})
        (image_folder / "sound" / "gone.png").symlink_to(tmp_path / "nowhere.png")
        evaluate("unread", model=exported(), cache=tmp_path / "cache")
        assert len(runs) == 3
        kept = [one.name for one in (tmp_path / "cache").iterdir() if one.is_dir()]
        assert all(name.startswith("images-") for name in kept)  # digests of files, no evaluation

    @pytest.mark.parametrize(
        ("file", "damage"),
        [("embeddings.parquet", None), ("evaluation.json", b"{}"), ("scores.parquet", b"PAR1")],
    )
    def test_a_damaged_entry_counts_as_absent_and_is_replaced(
        self, evaluate, exported, runs, tmp_path, file, damage
    ):
        evaluate("first", model=exported(), cache=tmp_path / "cache")
        [damaged] = (tmp_path / "cache").glob(f"*/*/{file}")
        if damage is None:
            damaged.unlink()
        else:
            damaged.write_bytes(damage)
        for out in ("second", "third"):
            evaluate(out, model=exported(), cache=tmp_path / "cache")
            assert _same(tmp_path / "first", tmp_path / out)
        assert runs == [20, 20]

    def test_runs_at_the_same_time_share_the_folder(self, evaluate, exported, tmp_path):
        model = exported()
        with ThreadPoolExecutor(4) as pool:
            outs = [f"out-{number}" for number in range(8)]
            list(pool.map(lambda out: evaluate(out, model=model, cache=tmp_path / "cache"), outs))
        assert all(_same(tmp_path / "out-0", tmp_path / out) for out in outs)
        assert {path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith(".")} == {
            ".gitignore"
        }

    def test_a_folder_that_cannot_be_written_keeps_nothing_and_the_evaluation_stands(
        self, evaluate, exported, tmp_path, capsys
    ):
        (tmp_path / "cache").write_text("a file")
        assert len(evaluate("first", model=exported(), cache=tmp_path / "cache")) == 20
        assert "evaluate: not kept for later runs" in capsys.readouterr().err

    def test_the_evaluations_used_last_are_kept(self, evaluate, exported, runs, tmp_path, monkeypatch):
        monkeypatch.setattr(cache, "_MOST", 2)
        for number, build in enumerate(["one", "two", "one", "three", "one", "two"]):
            size = {"one": 8, "two": 9, "three": 10}[build]
            options = {"preprocess": {"resize": size, "crop": 8}}
            evaluate(f"out-{number}", model=exported(), cache=tmp_path / "cache", options=options)
            for entry in (tmp_path / "cache").iterdir():  # let the next run be a second later
                os.utime(entry, (entry.stat().st_atime, entry.stat().st_mtime - 1))
        assert len(runs) == 4


class TestBadInput:
    def test_a_folder_that_is_no_evaluation_is_not_replaced(self, evaluate, image_folder, tmp_path):
        with pytest.raises(InputError, match="expected none, an empty one or an earlier result, found"):
            evaluate("data")
        assert len(list(image_folder.rglob("*.png"))) == 20

    @pytest.mark.parametrize("place", ["file", "file/out"])
    def test_a_place_that_cannot_be_written_is_one_line_before_any_work(
        self, evaluate, tiny_networks, tmp_path, place
    ):
        (tmp_path / "file").write_text("x")
        with pytest.raises(InputError, match="cannot (write|create) folder"):
            evaluate(place, model="python:tiny_networks:interrupted")
        assert tiny_networks.Interrupted.calls == 0
        assert (tmp_path / "file").read_text() == "x"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"task": "detection"}, "expected truth for detection, got classification: set the task to"),
            ({"batch_size": 0}, "batch size: expected at least 1, got 0"),
            ({"workers": 0}, "workers: expected at least 1, got 0"),
            ({"shard": (3, 3)}, "shard 3/3: expected an index from 0 to 2"),
            ({"shard": (0, 50)}, "of 20 images is empty: use fewer shards"),
            ({"dataset": "images:/no/such/folder"}, "no such folder"),
            ({"model": "absent.pt2"}, r"absent\.pt2: no such file"),
            ({"model": "python:tiny_networks:FeatureMap"}, r"returned a tensor shaped \(20, 4, 3, 3\)"),
            ({"model": "python:tiny_networks:not_a_number"}, "NaN or infinity for .* 'cracked/"),
        ],
    )
    def test_it_is_one_line_and_nothing_is_written(self, evaluate, tmp_path, arguments, message):
        with pytest.raises(InputError, match=message) as caught:
            evaluate(**arguments)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".out*"))
