"""Networks that know the shapes of a drawn street by their colours, and are wrong where it is said."""

import torch
from torch import nn

#: What a pixel's colour has to differ from grey by to be of a shape.
FAINT = 0.15


class Street(nn.Module):
    """Sees cars (red), people (green) and signs (blue); overlooks people and takes cars for signs at times.

    Args:
        night: Share of the pictures taken by night that it is wrong of.
        day: The same by day.
    """

    def __init__(self, night, day):
        super().__init__()
        self.night, self.day = night, day
        self.look = nn.Conv2d(3, 4, 1)  # computed for nothing: a network has layers

    def values(self, pixels):
        """Give class values of every pixel, shape (n, 4, h, w): background, car, person, sign."""
        self.look(pixels)
        red, green, blue = (pixels - pixels.mean(1, keepdim=True)).clamp(min=0).unbind(1)
        dark = pixels.mean((1, 2, 3)) < 0.4
        luck = (pixels[:, :, 0, 0].sum(1) * 255).round() % 10 / 10  # the noise of a corner decides
        wrong = (luck < torch.where(dark, self.night, self.day))[:, None, None]
        seen = torch.stack([red, green, blue], 1)
        mistaken = torch.stack([red * 0, green * 0, red + blue], 1)
        shapes = torch.where(wrong[:, None], mistaken, seen)
        return torch.cat([torch.full_like(shapes[:, :1], FAINT), shapes], 1) * 20


class Classifier(Street):
    """Says which shape fills most of the picture; in doubt a car."""

    def forward(self, pixels):
        values = self.values(pixels)
        shares = (values[:, 1:] > values[:, :1]).float().mean((2, 3)) * 40
        prior = torch.tensor([0.6, 0.0, 0.1])
        light = pixels.mean((1, 2, 3))[:, None] * 9
        return {"logits": shares + prior, "embeddings": torch.cat([shares, light, light * shares], 1)}


class Detector(Street):
    """Frames the shape of each half of the picture."""

    def forward(self, pixels):
        codes, found = self.values(pixels).argmax(1), []
        half = codes.shape[2] // 2
        for image in codes:
            for left in (0, half):
                part = image[:, left : left + half]
                rows, columns = (part > 0).any(1).nonzero()[:, 0], (part > 0).any(0).nonzero()[:, 0]
                if len(rows):
                    corners = [left + columns[0], rows[0], left + columns[-1] + 1, rows[-1] + 1]
                    found.append(
                        [*map(float, corners), float(part.max() - 1), 0.5 + 0.4 * len(rows) / len(part)]
                    )
                else:
                    found.append([0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
        rows = torch.tensor(found).reshape(len(pixels), 2, 6)
        return {"boxes": rows[..., :4], "labels": rows[..., 4].long(), "scores": rows[..., 5]}


class Segmenter(Street):
    """Says what each pixel is of."""

    def forward(self, pixels):
        return {"out": self.values(pixels)}


_NETWORKS = {"classification": Classifier, "detection": Detector, "segmentation": Segmenter}


def champion(task):
    """Build one that is wrong seldom, whatever the light."""
    torch.manual_seed(0)
    return _NETWORKS[task](0.2, 0.2)


def candidate(task):
    """Build one that is better by day and overlooks people by night."""
    torch.manual_seed(0)
    return _NETWORKS[task](0.8, 0.1)


def of(name, task):
    """Make a callable that a model URI can name."""
    return lambda: {"champion": champion, "candidate": candidate}[name](task)


champion_classification = of("champion", "classification")
candidate_classification = of("candidate", "classification")
champion_detection = of("champion", "detection")
candidate_detection = of("candidate", "detection")
champion_segmentation = of("champion", "segmentation")
candidate_segmentation = of("candidate", "segmentation")
