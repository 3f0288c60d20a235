"""A published detector on published data reaches the figure that was measured for it elsewhere."""

import numpy as np
import pytest

from seatrial.inference import ModelOptions
from seatrial.metrics import DetectionSamples
from seatrial.metrics.compute import compute
from seatrial.steps import evaluate_model

#: VOC's name of each of COCO's classes that is called something else there.
VOC_NAMES = {
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "couch": "sofa",
    "tv": "tvmonitor",
    "potted plant": "pottedplant",
    "dining table": "diningtable",
}


@pytest.mark.shared_data
@pytest.mark.slow
def test_fastestdet_reaches_ap50_of_490_on_voc100(shared_data, tmp_path, capsys):
    """The figure is that of onnxruntime and pycocotools by hand: 352 × 352, blue first, nothing clipped."""
    fields = {
        "adapter": "fastestdet",
        "adapter_options": {"nms_iou": 0.6, "clip": False},
        "classes": "coco80",
        "class_map": VOC_NAMES,
    }
    folder = shared_data / "voc100_formats"
    table = evaluate_model.run(
        str(shared_data / "weights_fastestdet" / "FastestDet.onnx"),
        f"coco:{folder}/gts/coco_format_v1/instances_default.json?images={folder}/images",
        tmp_path / "out",
        options=ModelOptions.parse(fields, "test"),
        task="detection",
        device="cpu",
    )
    assert (len(table), sum(table.samples.column("truths").to_pylist())) == (100, 273)
    assert "58 classes that the data set does not have were left out" in capsys.readouterr().err
    samples, rows = DetectionSamples.from_evaluation(table)
    found = compute(
        samples, np.arange(len(rows)), np.ones((1, len(rows))), ["map_50_95", "map_50"], per_class=False
    )
    assert found["map_50", None].values[0] == pytest.approx(0.490, abs=0.002)
    assert found["map_50_95", None].values[0] == pytest.approx(0.265, abs=0.005)
