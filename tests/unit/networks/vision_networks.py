"""Detectors and segmenters that see bright shapes, and those that are wrong in every way."""

import torch
from torch import nn


class Finder(nn.Module):
    """Finds the one bright shape of an image; red, green and blue are classes 0, 1 and 2."""

    stop_at = None
    calls = 0

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv2d(3, 6, 3)
        self.wide = nn.Conv2d(6, 5, 1)

    def boxes(self, pixels):
        found = []
        for image in pixels:
            bright = image.amax(0) > 0.7
            rows, columns = bright.any(1).nonzero()[:, 0], bright.any(0).nonzero()[:, 0]
            corner = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            found.append(torch.stack(corner).float())
        return torch.stack(found)[:, None]

    def forward(self, pixels):
        type(self).calls += 1
        if type(self).calls == self.stop_at:
            raise KeyboardInterrupt
        self.wide(self.convolution(pixels))
        labels = pixels.amax((2, 3)).argmax(1)[:, None]
        brightness = pixels.amax((1, 2, 3))[:, None]
        return {"boxes": self.boxes(pixels), "labels": labels, "scores": brightness * 0.9}


class Wrong(Finder):
    """A finder with one thing changed."""

    def __init__(self, **changes):
        super().__init__()
        self.changes = changes

    def forward(self, pixels):
        found = super().forward(pixels)
        return {name: self.changes.get(name, lambda value: value)(value) for name, value in found.items()}


def without_numbers():
    return Wrong(boxes=lambda boxes: boxes * torch.nan)


def too_sure():
    return Wrong(scores=lambda scores: scores * 2)


def of_unknown_class():
    return Wrong(labels=lambda labels: labels + 70)


def of_another_shape():
    return Wrong(boxes=lambda boxes: boxes[..., :3])


class Lists(Finder):
    """As torchvision's detectors: takes a list of images, gives a list of dictionaries, with masks."""

    def forward(self, pixels):
        assert isinstance(pixels, list)
        found = super().forward(torch.stack(pixels))
        bright = torch.stack(pixels).amax(1, keepdim=True) > 0.7
        return [
            {"boxes": boxes, "labels": labels + 1, "scores": scores, "masks": masks[None].float()}
            for boxes, labels, scores, masks in zip(*found.values(), bright, strict=True)
        ]


class Painter(nn.Module):
    """Tells red and green pixels from the background."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Conv2d(3, 7, 3)

    def forward(self, pixels):
        self.backbone(pixels)
        background = torch.full_like(pixels[:, :1], 0.5)
        return {"out": torch.cat([background, pixels[:, :2]], dim=1)}


class Coarse(Painter):
    """The same at a quarter of the resolution."""

    def forward(self, pixels):
        return nn.functional.avg_pool2d(super().forward(pixels)["out"], 4)


def _of_torchvision(kind, name, classes):
    import torchvision

    torch.manual_seed(0)
    build = getattr(getattr(torchvision.models, kind), name)
    return build(weights=None, weights_backbone=None, num_classes=classes).eval()


def faster_rcnn():
    return _of_torchvision("detection", "fasterrcnn_mobilenet_v3_large_320_fpn", 4)


def ssdlite():
    return _of_torchvision("detection", "ssdlite320_mobilenet_v3_large", 4)


def deeplab():
    return _of_torchvision("segmentation", "deeplabv3_mobilenet_v3_large", 3)


class MakesUp(Finder):
    """Finds each shape, and one more in a corner that is empty."""

    def forward(self, pixels):
        found = super().forward(pixels)
        corner = torch.tensor([0.0, 0.0, 3.0, 3.0]).expand(len(pixels), 1, 4)
        return {
            "boxes": torch.cat([found["boxes"], corner], dim=1),
            "labels": found["labels"].repeat(1, 2),
            "scores": found["scores"].repeat(1, 2),
        }


class Blind(Finder):
    """Finds nothing at all."""

    def forward(self, pixels):
        return {name: values[:, :0] for name, values in super().forward(pixels).items()}
