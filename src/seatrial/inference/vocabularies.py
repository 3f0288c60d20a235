"""Class lists that many published models share, by name."""

__all__ = ["VOCABULARIES"]

_COCO = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse"),
    *("sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie"),
    *("suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove"),
    *("skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon"),
    *("bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut"),
    *("cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse"),
    *("remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book"),
    *("clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush"),
)

#: Category ids of COCO's annotation files that have no class, from 1.
_COCO_GAPS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)

_VOC = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable"),
    *("dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


def _with_gaps() -> tuple[str, ...]:
    names = iter(_COCO)
    return tuple(f"unused {id_}" if id_ in _COCO_GAPS else next(names) for id_ in range(1, 91))


#: ``coco80``: COCO's classes in their order. ``coco90``: the same by category id, from 1, with the ids that
#: COCO left out, as torchvision's and DETR's models number them. ``voc20``: Pascal VOC's, sorted. ``voc21``:
#: the same after ``background``, as segmentation models have them.
VOCABULARIES: dict[str, tuple[str, ...]] = {
    "coco80": _COCO,
    "coco90": _with_gaps(),
    "voc20": _VOC,
    "voc21": ("background", *_VOC),
}
