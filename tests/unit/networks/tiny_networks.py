"""Networks small enough for a test and wrong in every way that a network can be."""

import torch
from torch import nn


class Tiny(nn.Module):
    """Convolution, pooling, linear layer: two classes, embeddings of width four."""

    def __init__(self, classes=2):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3, stride=2)
        self.classifier = nn.Linear(4, classes)

    def features(self, pixels):
        return torch.relu(self.convolution(pixels)).mean((2, 3))

    def forward(self, pixels):
        return self.classifier(self.features(pixels))


def _seeded(build):
    torch.manual_seed(3)
    return build()


def tiny():
    return _seeded(Tiny)


def three_classes():
    return _seeded(lambda: Tiny(3))


class Pair(Tiny):
    def forward(self, pixels):
        features = self.features(pixels)
        return self.classifier(features), features * 2


def pair():
    return _seeded(Pair)


class Mapping(Tiny):
    def forward(self, pixels):
        features = self.features(pixels)
        return {"logits": self.classifier(features), "embeddings": features}


def mapping():
    return _seeded(Mapping)


class Named(Tiny):
    def forward(self, pixels):
        return {"boxes": super().forward(pixels)}


def named():
    return _seeded(Named)


class Probabilities(Tiny):
    def forward(self, pixels):
        return super().forward(pixels).softmax(1)


def probabilities():
    return _seeded(Probabilities)


class Ties(nn.Module):
    def forward(self, pixels):
        return torch.zeros(len(pixels), 2)


class NotANumber(Tiny):
    """NaN for images that are dark on average."""

    def forward(self, pixels):
        values = super().forward(pixels)
        return torch.where(pixels.mean((1, 2, 3))[:, None] < 0, torch.nan, values)


def not_a_number():
    return _seeded(NotANumber)


class FeatureMap(Tiny):
    def forward(self, pixels):
        return self.convolution(pixels)


class Hungry(Tiny):
    """Runs out of memory with more than four images; remembers the batches that it was given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, pixels):
        self.seen.append(len(pixels))
        if len(pixels) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return super().forward(pixels)


def hungry():
    return _seeded(Hungry)


class Insatiable(nn.Module):
    def forward(self, pixels):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


class Fixed(nn.Module):
    """Takes flattened images of 3 × 8 × 8 only."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(192, 2)

    def forward(self, pixels):
        return self.classifier(pixels.flatten(1))


class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        raise ZeroDivisionError("no weights today")


def number():
    return 7


class Interrupted(Tiny):
    """Stops at the batch whose number is in ``stop_at``, as if the machine had been taken away."""

    stop_at = None
    calls = 0

    def forward(self, pixels):
        type(self).calls += 1
        if type(self).calls == self.stop_at:
            raise KeyboardInterrupt
        return super().forward(pixels)


def interrupted():
    return _seeded(Interrupted)


class Blind(nn.Module):
    """Sees nothing: each embedding is NaN."""

    def forward(self, pixels):
        return torch.full((len(pixels), 4), torch.nan)


class Colour(nn.Module):
    """The mean colour of an image, as its embedding."""

    def forward(self, pixels):
        return {"logits": pixels.mean((2, 3)), "embeddings": pixels.mean((2, 3))}


class Reddish(nn.Module):
    """Takes what is red enough for light (the second class); sees the mean colour."""

    def forward(self, pixels):
        colour = pixels.mean((2, 3))
        light = 12 * (colour[:, 0] - 0.5)
        return {"logits": torch.stack([-light, light], dim=1), "embeddings": colour}
