"""What is like an image, an object, a sample, a group of failures, a text."""

import csv
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
from seatrial.neighbours import Embeddings, NeighbourIndex, kept, open_index
from seatrial.steps import embed, evaluate_model, search
from seatrial.steps.search import Queries, parse_object

_COLOURS = ModelOptions.parse(
    {"preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1], "resize": 8, "crop": 8}}, "test"
)
_TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def paint(path, colour, size=(12, 12)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def pool(tmp_path):
    """Ten reds and ten blues, each a little different."""
    for number in range(10):
        paint(tmp_path / "pool" / f"red-{number}.png", (200 + number, 5 * number, 10))
        paint(tmp_path / "pool" / f"blue-{number}.png", (10, 5 * number, 200 + number))
    return tmp_path / "pool"


@pytest.fixture
def index(pool, tiny_networks, tmp_path):
    made = embed.run(
        "python:tiny_networks:Colour",
        tmp_path / "index",
        dataset=f"images:{pool}",
        options=_COLOURS,
        device="cpu",
    )
    return made.folder


def ids(table):
    return table.column("id").to_pylist()


class TestImages:
    def test_what_is_like_an_image_comes_first(self, index, tmp_path):
        asked = paint(tmp_path / "asked.png", (220, 20, 10))
        found = search.run(index, Queries(images=[str(asked)]), tmp_path / "out", size=10, device="cpu")
        assert all(one.startswith("red") for one in ids(found))
        distances = found.column("distance").to_pylist()
        assert distances == sorted(distances)

    def test_the_table_and_the_pictures_are_written(self, index, tmp_path):
        asked = paint(tmp_path / "asked.png", (220, 20, 10))
        found = search.run(index, Queries(images=[str(asked)]), tmp_path / "out", size=5, device="cpu")
        assert pq.read_table(tmp_path / "out" / "matches.parquet").equals(found)
        with (tmp_path / "out" / "matches.csv").open() as file:
            assert [row["id"] for row in csv.DictReader(file)] == ids(found)
        page = (tmp_path / "out" / "contact_sheet.html").read_text()
        assert page.count("data:image/jpeg;base64,") == 6  # what was asked, and what was found
        assert all(one in page for one in ids(found))
        with Image.open(tmp_path / "out" / "contact_sheet.png") as picture:
            assert picture.width > 500
        header = json.loads((tmp_path / "out" / "search.json").read_text())
        assert header["queries"] == [str(asked)]
        assert header["exact"] is True

    def test_the_same_search_gives_the_same_bytes(self, index, tmp_path):
        for out in ("a", "b"):
            search.run(index, Queries(ids=["red-3.png"]), tmp_path / out)
        for name in search.WRITTEN:
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()

    def test_several_queries_say_which_a_match_is_nearest_to(self, index, tmp_path):
        found = search.run(index, Queries(ids=["red-3.png", "blue-3.png"]), tmp_path / "out", size=6)
        assert {one.partition("-")[0] for one in ids(found)} == {"red", "blue"}
        for row in found.to_pylist():
            assert row["id"].partition("-")[0] == row["nearest_to"].partition("-")[0]

    def test_a_sample_does_not_find_itself(self, index, tmp_path):
        found = search.run(index, Queries(ids=["red-3.png"]), tmp_path / "out", size=100)
        assert len(found) == 19
        assert "red-3.png" not in ids(found)


class TestObjects:
    def test_an_object_is_found_among_objects(self, shapes, tiny_networks, tmp_path):
        spec = f"voc:{shapes}?classes=red,green,blue"
        embed.run(
            "python:tiny_networks:Colour",
            tmp_path / "index",
            dataset=spec,
            level="object",
            margin=0,
            options=ModelOptions.parse(
                {"preprocess": {"mean": [0, 0, 0], "std": [1, 1, 1], "crop": 8}}, "test"
            ),
            device="cpu",
        )
        asked = tmp_path / "asked.png"
        pixels = np.zeros((60, 80, 3), dtype=np.uint8)
        pixels[10:30, 20:50] = (0, 255, 0)
        Image.fromarray(pixels).save(asked)
        query = Queries(objects=[parse_object(f"{asked}@20,10,30,20")])
        found = search.run(tmp_path / "index", query, tmp_path / "out", size=4, margin=0, device="cpu")
        assert set(found.column("class").to_pylist()) == {"green"}
        assert {"x", "y", "width", "height"} <= set(found.column_names)

    @pytest.mark.parametrize(
        "text", ["a.png", "a.png@1,2,3", "a.png@1,2,x,4", "a.png@1,2,0,4", "a.png@1,2,inf,4"]
    )
    def test_an_object_is_a_file_and_four_numbers(self, text):
        with pytest.raises(InputError, match="expected FILE@x,y,width,height in pixels"):
            parse_object(text)


class TestFailures:
    def test_what_is_like_a_group_of_failures_is_found(self, pool, image_folder, tiny_networks, tmp_path):
        table = evaluate_model.run(
            "python:tiny_networks:tiny",
            f"images:{image_folder}",
            tmp_path / "e",
            options=ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test"),
            device="cpu",
        )
        wrong = [
            (row["label"], row["prediction"], row["id"])
            for row in table.samples.to_pylist()
            if row["label"] != row["prediction"]
        ]
        label, prediction, _ = wrong[0]
        group = f"{label} taken for {prediction}"
        query = Queries(group=group, evaluation=tmp_path / "e")
        found = search.run(tmp_path / "e", query, tmp_path / "out", size=3)
        assert len(found) == 3
        header = json.loads((tmp_path / "out" / "search.json").read_text())
        assert set(header["queries"]) == {one for *_, one in wrong if _[:2] == [label, prediction]}
        with pytest.raises(InputError, match="no group of failures is called 'x taken for y'"):
            search.run(
                tmp_path / "e", Queries(group="x taken for y", evaluation=tmp_path / "e"), tmp_path / "o2"
            )
        with pytest.raises(InputError, match=r"name the evaluation whose failures it is of \(--evaluation\)"):
            search.run(tmp_path / "e", Queries(group=group), tmp_path / "o2")


class TestTexts:
    @pytest.fixture
    def clip(self, tmp_path):
        """A tiny model of OpenCLIP with random weights, by its name and its file."""
        import open_clip

        (tmp_path / "seatrial-tiny.json").write_text(json.dumps(_TINY_CLIP))
        open_clip.add_model_config(tmp_path / "seatrial-tiny.json")
        torch.manual_seed(0)
        module = open_clip.create_model("seatrial-tiny")
        torch.save(module.state_dict(), tmp_path / "tiny.pt")
        return module

    def test_a_text_finds_images_by_what_the_model_makes_of_both(self, clip, pool, tmp_path):
        import open_clip

        made = embed.run(
            "open_clip:seatrial-tiny",
            tmp_path / "index",
            dataset=f"images:{pool}",
            weights=tmp_path / "tiny.pt",
            device="cpu",
        )
        assert made.width == 16
        found = search.run(
            tmp_path / "index", Queries(texts=["a red square"]), tmp_path / "out", device="cpu"
        )
        tokens = open_clip.get_tokenizer("seatrial-tiny")(["a red square"])
        with torch.inference_mode():
            words = clip.eval().encode_text(tokens).numpy()
        known = Embeddings.read(tmp_path / "index")
        rows = NeighbourIndex.build(known.vectors).search(words, 20)[1][0]
        assert ids(found) == [known.ids[row] for row in rows]
        header = json.loads((tmp_path / "out" / "search.json").read_text())
        assert header["queries"] == ["“a red square”"]

    def test_a_model_in_a_folder_needs_no_weights(self, clip, pool, tmp_path):
        folder = tmp_path / "clip"
        folder.mkdir()
        config = {
            "model_cfg": _TINY_CLIP,
            "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        }
        (folder / "open_clip_config.json").write_text(json.dumps(config))
        torch.save(clip.state_dict(), folder / "open_clip_pytorch_model.bin")
        made = embed.run(f"open_clip:{folder}", tmp_path / "index", dataset=f"images:{pool}", device="cpu")
        header = Embeddings.read(made.folder).header
        assert header["options"]["preprocess"]["mean"] == [0.5, 0.5, 0.5]
        assert header["options"]["preprocess"]["resize"] == 32
        assert len(search.run(made.folder, Queries(texts=["blue"]), tmp_path / "out", device="cpu")) == 20

    def test_what_has_no_words_says_what_would(self, index, tmp_path):
        with pytest.raises(
            InputError, match="needs an index made by an OpenCLIP model.*seatrial embed --model"
        ):
            search.run(index, Queries(texts=["a red square"]), tmp_path / "out")

    def test_without_weights_there_is_no_search_by_text(self, clip, pool, tmp_path):
        spec = f"images:{pool}"
        with pytest.raises(InputError, match="name its weights.*nothing is downloaded"):
            embed.run("open_clip:seatrial-tiny", tmp_path / "o", dataset=spec, device="cpu")
        with pytest.raises(InputError, match="no such file of weights"):
            embed.run("open_clip:seatrial-tiny", tmp_path / "o", dataset=spec, weights=tmp_path / "no.pt")
        with pytest.raises(InputError, match="not one of OpenCLIP's .* names; did you mean 'ViT-B-32'"):
            embed.run("open_clip:ViT-B-23", tmp_path / "o", dataset=spec, weights=tmp_path / "tiny.pt")
        with pytest.raises(InputError, match="nothing is downloaded"):
            embed.run("open_clip:hf-hub:someone/model", tmp_path / "o", dataset=spec, device="cpu")
        with pytest.raises(ModelError, match=r"OpenCLIP model ViT-B-32-quickgelu: cannot be loaded"):
            embed.run(
                "open_clip:ViT-B-32-quickgelu",
                tmp_path / "o",
                dataset=spec,
                weights=pool / "red-0.png",
                device="cpu",
            )


class TestOddQueries:
    def test_nothing_to_look_for_is_told(self, index, tmp_path):
        with pytest.raises(InputError, match="nothing to look for"):
            search.run(index, Queries(), tmp_path / "out")

    def test_an_unknown_id_is_told(self, index, tmp_path):
        with pytest.raises(InputError, match="not among the 20 embedded images: 'green.png'"):
            search.run(index, Queries(ids=["green.png"]), tmp_path / "out")

    def test_an_unreadable_image_is_told(self, index, tmp_path):
        (tmp_path / "asked.png").write_bytes(b"no image")
        with pytest.raises(InputError, match=r"query .*asked\.png: not an image"):
            search.run(index, Queries(images=[str(tmp_path / "asked.png")]), tmp_path / "out", device="cpu")

    def test_another_model_than_the_one_of_the_index_is_told(self, index, tiny_networks, tmp_path):
        asked = paint(tmp_path / "asked.png", (220, 20, 10))
        with pytest.raises(InputError, match="is not the one that made the index"):
            search.run(
                index,
                Queries(images=[str(asked)]),
                tmp_path / "out",
                model="python:tiny_networks:mapping",
                device="cpu",
            )

    def test_a_folder_without_vectors_is_told(self, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(InputError, match="expected embeddings .* or an evaluation .*, found neither"):
            search.run(tmp_path / "empty", Queries(ids=["a"]), tmp_path / "out")

    def test_an_evaluation_without_vectors_is_told(self, tmp_path, image_folder, tiny_networks):
        options = ModelOptions.parse({"embeddings": False, "preprocess": {"resize": 8, "crop": 8}}, "test")
        evaluate_model.run(
            "python:tiny_networks:tiny",
            f"images:{image_folder}",
            tmp_path / "e",
            options=options,
            device="cpu",
        )
        assert EvaluationTable.read(tmp_path / "e").embeddings is None
        with pytest.raises(InputError, match="holds no embeddings"):
            search.run(tmp_path / "e", Queries(ids=["sound/0.png"]), tmp_path / "out")


class TestKeptIndex:
    def test_a_large_index_is_kept_beside_its_embeddings_and_made_again_when_they_change(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(kept, "EXACT_ROWS", 100)
        random = np.random.default_rng(0)

        def write(n):
            vectors = random.standard_normal((n, 8)).astype(np.float32)
            made = Embeddings(
                tuple(f"{row}" for row in range(n)), vectors, details=pa.table({"uri": ["x"] * n})
            )
            made.write(tmp_path / "e")
            return made

        made = write(500)
        first = open_index(tmp_path / "e", made)
        assert not first.exact
        file = tmp_path / "e" / "index-cosine.faiss"
        before = file.stat().st_mtime_ns
        again = open_index(tmp_path / "e", made)
        assert file.stat().st_mtime_ns == before
        assert np.array_equal(first.search(made.vectors[:9], 5)[1], again.search(made.vectors[:9], 5)[1])
        file.write_bytes(file.read_bytes()[:-1] + b"\0")  # damaged: built again
        assert len(open_index(tmp_path / "e", made)) == 500
        other = write(600)
        assert len(open_index(tmp_path / "e", other)) == 600
        assert open_index(tmp_path / "e", other).search(other.vectors[599:], 1)[1].tolist() == [[599]]
