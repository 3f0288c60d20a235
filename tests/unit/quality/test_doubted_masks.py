"""The check ``label_errors`` of a segmentation: regions in which truth and prediction disagree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import DatasetManifest
from seatrial.datasets.rle import decode_mask
from seatrial.evaluation import EvaluationHeader, EvaluationTable, pixel_table
from seatrial.evaluation.segmentation import segmentation_samples
from seatrial.images import encode_codes
from seatrial.quality import CheckInput, CheckOptions, NotApplicableError, measure
from seatrial.quality.label_errors import label_errors
from seatrial.quality.label_errors.masks import doubt_masks

CLASSES = ("background", "cell", "wall")


def squares(*places, size=60, code=1):
    codes = np.zeros((size, size), dtype=np.uint8)
    for y, x, side in places:
        codes[y : y + side, x : x + side] = code
    return codes


TWO = squares((10, 10, 12), (35, 35, 12))


def kinds(truth, prediction, void=None):
    return [one.kind for one in doubt_masks(truth, prediction, void)[1]]


def test_equal_masks_leave_no_doubt():
    assert doubt_masks(TWO, TWO, None) == (0.0, [])


def test_what_disagrees_is_told_by_what_it_is_of():
    assert kinds(squares((10, 10, 12)), TWO) == ["missing"]
    assert kinds(TWO, squares((10, 10, 12))) == ["extra"]
    assert kinds(squares((10, 10, 12)), squares((12, 10, 12))) == ["boundary"] * 2
    assert kinds(TWO, np.where(squares((10, 10, 12)) == 1, 2, TWO)) == ["wrong_class"]


def test_a_region_says_where_it_is_and_what_it_should_be():
    doubt, (region,) = doubt_masks(squares((10, 10, 12)), TWO, None)
    assert (region.label, region.prediction, region.pixels) == (0, 1, 144)
    assert region.box == (35, 35, 12, 12)
    assert region.mask.all()
    assert region.doubt == pytest.approx(doubt)


def test_pixels_far_from_a_boundary_count_more():
    thin, deep = squares((8, 10, 12)), squares((10, 10, 12), (40, 40, 5))
    assert (thin != squares((10, 10, 12))).sum() > (deep != squares((10, 10, 12))).sum()
    one, other = (doubt_masks(squares((10, 10, 12)), said, None)[0] for said in (thin, deep))
    assert other > 3 * one


def test_doubts_do_not_depend_on_resolution():
    coarse = doubt_masks(squares((10, 10, 12)), TWO, None)[0]
    finer = (np.kron(one, np.ones((4, 4), np.uint8)) for one in (squares((10, 10, 12)), TWO))
    assert doubt_masks(*finer, None)[0] == pytest.approx(coarse, rel=0.05)


def test_void_is_neither_doubted_nor_a_boundary():
    truth = squares((10, 10, 12))
    truth[30:] = 255
    assert doubt_masks(truth, TWO, 255) == (0.0, [])
    bare = np.zeros((60, 60), np.uint8)
    bare[30:] = 255
    said = squares((10, 10, 4))
    assert doubt_masks(bare, said, 255)[0] == pytest.approx(16 * 0.2 / 3600)


def test_doubts_of_regions_add_up_to_the_doubt_of_the_image():
    random = np.random.default_rng(0)
    for _ in range(5):
        truth, said = (
            np.kron(random.integers(0, 3, (6, 6)), np.ones((7, 7), int)).astype(np.uint8) for _ in range(2)
        )
        doubt, regions = doubt_masks(truth, said, 2)
        assert sum(one.doubt for one in regions) == pytest.approx(doubt)
        assert sum(one.pixels for one in regions) == ((truth != said) & (truth != 2)).sum()
        assert [one.doubt for one in regions] == sorted((one.doubt for one in regions), reverse=True)


@pytest.fixture
def judged(tmp_path):
    """Write masks and put predictions beside them."""

    def make(truths, predictions, *, keep=True, **options):
        names = [f"i{number:02}" for number in range(len(truths))]
        uris = []
        for name, codes in zip(names, truths, strict=True):
            uris.append(None if codes is None else str(tmp_path / f"{name}.png"))
            if codes is not None:
                Image.fromarray(codes).save(uris[-1])
        nothing = pa.nulls(len(names), pa.string())
        images = pa.table(
            {
                "id": names,
                "uri": nothing,
                "mask": pa.array(uris, pa.string()),
                "mask_content": nothing,
                "group": nothing,
                "content": nothing,
            }
        )
        manifest = DatasetManifest("cells", "segmentation", CLASSES, images)
        header = EvaluationHeader("segmentation", CLASSES, "m", "sha256:0", "cells", "sha256:0", len(names))
        masks = pa.table({"image": names, "mask": [encode_codes(one) for one in predictions]})
        samples = segmentation_samples(images)
        pixels = pixel_table([], [], CLASSES)
        table = EvaluationTable(header, samples, pixels=pixels, masks=masks if keep else None)
        settings = CheckOptions(outlier_min_n=5, label_errors_listed=options.pop("listed", 100))
        return CheckInput(measure(manifest), None, settings, Path(), None, table, **options)

    return make


ALIKE = [squares((9, 10, 12), (35, 35, 12))] * 7


def test_an_image_with_a_missing_object_stands_out_with_what_it_should_be(judged):
    truths = [TWO, *[TWO] * 5, squares((10, 10, 12))]
    (finding,) = label_errors(judged(truths, ALIKE)).findings
    assert (finding.sample_ids, finding.severity) == (("i06",), "warning")
    assert finding.evidence["counts"] == {"missing": 1}
    (box,) = finding.evidence["suggested_boxes"]
    assert (box["class"], box["was_class"], box["x"], box["width"]) == ("cell", "background", 35.0, 12.0)
    assert decode_mask(box["mask"].encode(), 60, 60).sum() == 144
    assert finding.message == "the model contradicts the mask in 1 region: 1 not annotated"


def test_outlines_that_are_a_little_off_are_no_findings(judged):
    assert label_errors(judged([TWO] * 7, ALIKE)).findings == ()


def test_images_that_do_not_stand_out_are_notes_up_to_as_many_as_are_asked_for(judged):
    truths = [squares((10, 10, 12))] * 7
    found = label_errors(judged(truths, ALIKE, listed=3)).findings
    assert [one.severity for one in found] == ["info"] * 3
    assert label_errors(judged(truths, ALIKE, listed=0)).findings == ()


def test_images_without_a_mask_are_left_out(judged):
    found = label_errors(judged([None, *[TWO] * 5, squares((10, 10, 12))], ALIKE)).findings
    assert [one.sample_ids for one in found] == [("i06",)]
    with pytest.raises(NotApplicableError, match="no image is annotated"):
        label_errors(judged([None] * 7, ALIKE))


def test_without_predicted_masks_there_is_nothing_to_compare(judged):
    with pytest.raises(NotApplicableError, match="no predicted masks.*keep_masks"):
        label_errors(judged([TWO] * 7, ALIKE, keep=False))
    with pytest.raises(NotApplicableError, match="trained on these masks"):
        label_errors(judged([TWO] * 7, ALIKE, in_sample=True))
    bare = judged([TWO] * 7, ALIKE)
    with pytest.raises(NotApplicableError, match="no evaluation"):
        label_errors(replace(bare, evaluation=None))


def test_a_class_that_only_the_model_has_is_not_suggested(judged):
    truths = [squares((10, 10, 12))] * 7
    given = judged(truths, [squares((10, 10, 12)), *[squares((10, 10, 12))] * 5, TWO * 1])
    strange = TWO.copy()
    strange[35:47, 35:47] = 3
    masks = given.evaluation.masks.set_column(1, "mask", pa.array([encode_codes(strange)] * 7, pa.binary()))
    found = label_errors(replace(given, evaluation=replace(given.evaluation, masks=masks))).findings
    assert [one.evidence["suggested_boxes"] for one in found] == [[]] * 7
