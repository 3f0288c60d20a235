"""Masks made elsewhere are joined to their images and counted, and what does not fit is named."""

import io

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import DatasetSpec, read_dataset
from seatrial.errors import InputError
from seatrial.evaluation import imported_segmentation

RIGHT = [[0, 1, 1], [0, 0, 0]]


@pytest.fixture
def join(tmp_path, segmentation_data, save_codes):
    """Write predicted masks and import them; gives the table and what was noticed."""

    def run(options="", data=segmentation_data, **masks):
        for name, codes in masks.items():
            save_codes(tmp_path / "found" / f"{name}.png", codes)
        (tmp_path / "found").mkdir(exist_ok=True)
        spec = DatasetSpec.parse(f"predictions:{tmp_path}/found{options}")
        return imported_segmentation(spec, data, "model")

    return run


def test_pixels_of_annotated_images_are_counted_and_void_is_left_out(join):
    table, problems = join(a=RIGHT, b=[[0, 0, 1], [0, 0, 1]], c=RIGHT)
    assert table.pixels.select(["image", "label", "prediction", "pixels"]).to_pylist() == [
        {"image": "a.png", "label": "sky", "prediction": "sky", "pixels": 3},
        {"image": "a.png", "label": "road", "prediction": "road", "pixels": 2},
        {"image": "b.png", "label": "sky", "prediction": "sky", "pixels": 3},
        {"image": "b.png", "label": "road", "prediction": "sky", "pixels": 1},
        {"image": "b.png", "label": "road", "prediction": "road", "pixels": 1},
    ]
    assert table.samples.column("annotated").to_pylist() == [True, True, False]
    assert (table.header.task, table.header.classes) == ("segmentation", ("sky", "road"))
    assert problems == ()


def test_masks_are_kept_as_predicted(join):
    table, _ = join(a=RIGHT, b=RIGHT, c=RIGHT)
    masks = [np.asarray(Image.open(io.BytesIO(one))) for one in table.masks.column("mask").to_pylist()]
    assert [mask.tolist() for mask in masks] == [RIGHT] * 3
    assert table.masks.column("image").to_pylist() == ["a.png", "b.png", "c.png"]


def test_an_unlabelled_image_needs_no_mask(join):
    assert len(join(a=RIGHT, b=RIGHT)[0]) == 3


def test_names_may_have_an_ending_and_codes_may_be_foreground(join):
    white = (np.array(RIGHT) * 255).tolist()
    table, _ = join("?suffix=_out&foreground=yes", a_out=white, b_out=white)
    assert table.pixels.column("pixels").to_pylist() == [3, 2] * 2


def test_a_map_of_instances_as_truth_is_foreground(tmp_path, join, segmentation_data, save_codes):
    for name in ("a", "b"):
        save_codes(tmp_path / "data" / "masks" / f"{name}.png", [[0, 7, 7], [0, 0, 9]])
    data = read_dataset(f"masks:{tmp_path}/data?instances=foreground")
    table, _ = join(data=data, a=RIGHT, b=RIGHT)
    assert table.pixels.select(["label", "prediction", "pixels"]).to_pylist()[:3] == [
        {"label": "background", "prediction": "background", "pixels": 3},
        {"label": "foreground", "prediction": "background", "pixels": 1},
        {"label": "foreground", "prediction": "foreground", "pixels": 2},
    ]
    assert segmentation_data.digest != data.digest


def test_masks_of_no_image_are_told(join):
    (problem,) = join(a=RIGHT, b=RIGHT, zebra=RIGHT)[1]
    assert (problem.kind, problem.cases) == ("prediction_of_unknown_image", ("zebra.png",))


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"a": RIGHT}, "a mask for each of 2 annotated images, 1 have none: 'b.png'"),
        (
            {"a": RIGHT, "b": [[0, 1], [1, 0]]},
            r"in 1: .*b.png: expected a prediction of the truth's size, 3×2",
        ),
        (
            {"a": RIGHT, "b": [[0, 4, 4], [0, 0, 0]]},
            r"in 1: .*b.png: prediction: .* got 4 in 2 pixels",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(join, masks, message):
    with pytest.raises(InputError, match=message):
        join(**masks)


def test_a_mask_that_is_no_image_is_refused(join, tmp_path):
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="not so in 1: .*a.png: not an image"):
        join(b=RIGHT)


def test_two_masks_of_one_image_are_refused(join, tmp_path, save_codes):
    save_codes(tmp_path / "found" / "a.bmp", RIGHT)
    with pytest.raises(InputError, match=r"two masks of image 'a.png'"):
        join(a=RIGHT, b=RIGHT)


def test_a_data_set_of_another_task_is_refused(join, detection_data):
    with pytest.raises(InputError, match="expected one for segmentation, got detection"):
        join(data=detection_data)
