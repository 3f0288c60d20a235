"""Nuclei (Data Science Bowl 2018): masks as they were published, and as volunteers mended them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seatrial.evaluation import EvaluationTable
from seatrial.steps import check_data
from seatrial_pipelines.demo.crossing.scenes import SIDE, Scene
from seatrial_pipelines.demo.crossing.segmenter import train_segmenter

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    # torch.jit is deprecated, and many models are still exchanged in its format
    pytest.mark.filterwarnings("ignore:.torch.jit.(trace|save|trace_method). is:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.torch.jit.(trace|save|trace_method). is:FutureWarning"),
]

CLASSES = ("background", "nucleus")
WHOLE = 192
#: Fixes of this share of an image's pixels or more are large.
LARGE_FIX = 0.001

POLICY = """
apiVersion: seatrial/v1
task: segmentation
statistics: {replicates: 100, seed: 7}
defaults: {min_n: 5, on_inconclusive: warn, on_missing_slice: error}
slices:
  removed: {by: [image_removed]}
rules:
  - {id: floor,    type: min, metric: miou, value: 0.60, severity: block}
  - {id: nuclei,   type: min, metric: miou_per_image, class: nucleus, value: 0.40, severity: block}
  - {id: outlines, type: min, metric: boundary_iou, value: 0.40, severity: warn}
  - {id: readable, type: data, check: broken, max_count: 0, severity: block}
"""


@dataclass(frozen=True)
class Nuclei:
    """A segmenter of nuclei, and what the masks as they were published say of it.

    Attributes:
        data: The data set.
        folder: Where everything is written.
        fixes: What was mended, a row an image that it is judged on.
        judged: What the run left behind.
    """

    data: Path
    folder: Path
    fixes: pd.DataFrame
    judged: Any = None

    def dataset(self, labels):
        return (
            f"masks:{self.data}?masks=labels_{labels}&instances=foreground&classes={','.join(CLASSES)}"
            f"&split={self.folder}/test.txt&metadata={self.data}/fixes.csv&key=image_id&name=nuclei"
        )

    def overlaps(self, folder):
        """Give the IoU of nuclei by image."""
        pixels = EvaluationTable.read(folder).pixels.to_pandas()
        said, true = pixels["prediction"] == "nucleus", pixels["label"] == "nucleus"
        both, either = (pixels[rows].groupby("image")["pixels"].sum() for rows in (said & true, said | true))
        found = both.reindex(either.index, fill_value=0) / either
        return found.rename(lambda name: name.removesuffix(".png"))


class OfTwo(torch.nn.Module):
    """The demo's segmenter with as many surfaces as there are here."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        logits, embeddings = self.network(images)
        return logits[:, : len(CLASSES)], embeddings


@pytest.fixture(scope="module")
def nuclei(shared_data, judge, tmp_path_factory):
    data, folder = shared_data / "dsb2018_nuclei", tmp_path_factory.mktemp("nuclei")
    fixes = pd.read_csv(data / "fixes.csv").set_index("image_id").sort_index()
    fixes = fixes[[(data / "images" / f"{name}.png").is_file() for name in fixes.index]]
    fixes["share"] = fixes["fg_pixels_changed"] / (fixes["width"] * fixes["height"])
    clean = fixes[fixes["has_label_error"] == 0]
    mended = fixes[(fixes["has_label_error"] == 1) & (fixes["image_removed"] == 0)]
    judged = pd.concat(
        [
            clean[1::4],
            fixes[fixes["image_removed"] == 1],
            mended[mended["share"] >= LARGE_FIX],
            mended[mended["share"] < LARGE_FIX][::4],
        ]
    )
    (folder / "test.txt").write_text("\n".join(judged.index))
    network = OfTwo(train_segmenter(list(parts(data, clean.index[::2])), seed=0))
    options = {"adapter": "logits", "adapter_options": {"keep_masks": True}, "classes": list(CLASSES)}
    told = Nuclei(data, folder, judged)
    return replace(
        told, judged=judge(folder, network, (WHOLE, WHOLE), options, told.dataset("original"), POLICY)
    )


def parts(data, names, each=8):
    random = np.random.default_rng(0)
    size = (WHOLE, WHOLE)
    for name in names:
        with Image.open(data / "images" / f"{name}.png") as image:
            pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR))
        with Image.open(data / "labels_fixed" / f"{name}.png") as image:
            mask = np.asarray(image.resize(size, Image.Resampling.NEAREST)) > 0
        for left, top in random.integers(0, WHOLE - SIDE + 1, (each, 2)):
            rows, columns = slice(top, top + SIDE), slice(left, left + SIDE)
            yield Scene("", "", "", "", pixels[rows, columns], mask[rows, columns].astype(np.uint8), ())


@pytest.fixture(scope="module")
def overlaps(nuclei):
    """IoU of nuclei by image, against the published masks and against the mended ones."""
    fixed = nuclei.judged.evaluated(nuclei.dataset("fixed"), "fixed")
    columns = {
        "original": nuclei.overlaps(nuclei.folder / "out" / "evaluation"),
        "fixed": nuclei.overlaps(fixed),
    }
    return nuclei.fixes.join(pd.DataFrame(columns))


def test_a_segmenter_of_nuclei_goes_through_the_whole_pipeline(nuclei):
    judged = nuclei.judged
    assert judged.code == 0, judged.screen
    assert judged.published == "pass"
    assert {str(one.outcome) for one in judged.verdict.decisions if one.severity == "block"} == {"pass"}
    assert judged.slices.find("all", "miou").candidate.value > 0.7
    page = judged.page
    assert "Colours: what the model takes each pixel for" in page
    assert page.count("data:image/jpeg") + page.count("data:image/webp") > 20


def test_images_whose_masks_could_not_be_mended_are_the_worst_slice(nuclei, overlaps):
    report = nuclei.judged.slices
    removed, kept = (
        report.find(f"image_removed={code}", "miou_per_image", "nucleus").candidate.value for code in (1, 0)
    )
    assert removed < kept - 0.1
    # half of them are in the worst quarter, which the report shows first
    worst = overlaps["original"].rank(pct=True)[overlaps["image_removed"] == 1]
    assert (worst <= 0.25).sum() >= 3


def test_an_image_with_one_mask_for_many_nuclei_is_shown_and_scores_nothing(nuclei, overlaps):
    name = "7b38c9173ebe69b4c6ba7e703c0c27f39305d9b2910f46405993d2ea7a963b80"
    assert overlaps.loc[name, "n_masks_original"] == 1
    assert overlaps.loc[name, "original"] < 0.05
    assert f"{name}.png" in nuclei.judged.page


def test_large_fixes_bring_the_masks_nearer_to_what_the_model_says(overlaps):
    mended = overlaps[(overlaps["image_removed"] == 0) & (overlaps["share"] >= LARGE_FIX)]
    gains = mended["fixed"] - mended["original"]
    assert len(gains) >= 8
    assert (gains > 0).sum() >= len(gains) - 2
    assert gains.max() > 0.1


def test_small_fixes_are_below_what_a_small_model_can_tell(overlaps):
    mended = overlaps[(overlaps["image_removed"] == 0) & (overlaps["has_label_error"] == 1)]
    small = mended[mended["share"] < LARGE_FIX]
    assert (small["fixed"] - small["original"]).abs().max() < 0.03


def test_images_that_lost_their_masks_are_named_as_unlabelled(nuclei, tmp_path):
    report = check_data.run(nuclei.dataset("fixed"), tmp_path / "quality", only=("missing_labels",))
    removed = nuclei.fixes.index[nuclei.fixes["image_removed"] == 1]
    assert set(report.findings[0].sample_ids) == {f"{name}.png" for name in removed}


def test_masks_with_large_errors_are_doubted_most(nuclei, overlaps, tmp_path):
    report = check_data.run(
        nuclei.dataset("original"),
        tmp_path / "quality",
        evaluation=nuclei.folder / "out" / "evaluation",
        only=("label_errors", "mask_shapes"),
    )
    doubts = {one.sample_ids[0]: one for one in report.findings if one.check == "label_errors"}
    large = overlaps.index[(overlaps["image_removed"] == 1) | (overlaps["share"] >= LARGE_FIX)]
    scores = {f"{name}.png": (name in large) for name in overlaps.index}
    ranked = sorted(scores, key=lambda name: -(doubts[name].score if name in doubts else 0.0))
    found = np.cumsum([scores[name] for name in ranked])
    places = np.flatnonzero([scores[name] for name in ranked])
    precision = np.mean(found[places] / (places + 1))
    assert precision > 1.8 * np.mean(list(scores.values()))
    assert {doubts[name].severity for name in ranked[:3]} == {"warning"}
    # small fixes are holes and cut-off pieces, which need no model to be seen
    slips = {one.sample_ids[0].removesuffix(".png") for one in report.findings if one.check == "mask_shapes"}
    assert overlaps.loc[sorted(slips), "has_label_error"].mean() > 0.9
