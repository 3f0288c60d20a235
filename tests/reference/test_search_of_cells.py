"""Blood cells (BCCD), searched by an object: what is like a white cell is a white cell."""

import pytest

from seatrial.inference import ModelOptions
from seatrial.steps import embed, search

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]

_GREY = {"mean": [0.498] * 3, "std": [0.502] * 3}


@pytest.fixture(scope="module")
def cells(shared_data, tmp_path_factory):
    """Every object of 24 images, seen by EfficientNet-Lite0 as ImageNet made it."""
    spec = f"voc:{shared_data / 'bccd'}?annotations=annotations_corrected&images=images&split=test"
    return embed.run(
        str(shared_data / "weights_efficientnet_lite0_onnx" / "efficientnet_lite0.onnx"),
        tmp_path_factory.mktemp("cells") / "index",
        dataset=spec,
        level="object",
        shard=(0, 3),
        options=ModelOptions.parse({"preprocess": _GREY}, "test"),
        device="cpu",
    ).folder


@pytest.mark.parametrize(
    ("name", "box"),
    [("WBC", (236, 211, 143, 142)), ("Platelets", (362, 389, 43, 39)), ("RBC", (120, 130, 100, 100))],
)
def test_an_object_of_another_image_finds_its_kind(cells, shared_data, tmp_path, name, box):
    image = shared_data / "bccd" / "images" / "BloodImage_00014.jpg"
    queries = search.Queries(objects=[(str(image), box)])
    found = search.run(cells, queries, tmp_path / "out", size=12, device="cpu")
    classes = found.column("class").to_pylist()
    assert classes.count(name) >= 11, classes
