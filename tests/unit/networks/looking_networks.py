"""Networks of which it is known where they look, and architectures that keep places in different ways."""

import torch
from torch import nn


class Corners(nn.Module):
    """Says ``a`` by how bright the upper left quarter is, ``b`` by the lower right one."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 2, 1, bias=False)
        nn.init.constant_(self.body.weight, 1 / 3)

    def forward(self, pixels):
        seen = self.body(pixels)
        height, width = seen.shape[2] // 2, seen.shape[3] // 2
        first, second = seen[:, 0, :height, :width], seen[:, 1, height:, width:]
        return 4 * torch.stack([first.mean((1, 2)), second.mean((1, 2))], dim=1)


class Elsewhere(Corners):
    """The same, but nothing inside of it is a layer that can be watched."""

    def __init__(self):
        super().__init__()
        self.body = None

    def forward(self, pixels):
        seen = pixels.mean(1)
        height, width = seen.shape[1] // 2, seen.shape[2] // 2
        return 4 * torch.stack(
            [seen[:, :height, :width].mean((1, 2)), seen[:, height:, width:].mean((1, 2))], 1
        )


class Interrupted(Corners):
    """Stops at the batch whose number is in ``stop_at``, as if the machine had been taken away."""

    stop_at = None
    calls = 0

    def forward(self, pixels):
        type(self).calls += 1
        if type(self).calls == self.stop_at:
            raise KeyboardInterrupt
        return super().forward(pixels)


class Pair(Corners):
    """Another model that says the same."""

    def forward(self, pixels):
        values = super().forward(pixels)
        return values, values


class Probable(Corners):
    def forward(self, pixels):
        return super().forward(pixels).softmax(1)


class Indifferent(Corners):
    """Says the same of everything."""

    def forward(self, pixels):
        return super().forward(pixels) * 0


class Hungry(Corners):
    """Runs out of memory with more than two images and a graph of gradients."""

    def forward(self, pixels):
        if len(pixels) > 2 and torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return super().forward(pixels)


class Insatiable(Corners):
    def forward(self, pixels):
        if torch.is_grad_enabled() and pixels.requires_grad:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return super().forward(pixels)


def _seeded(build, seed=0):
    torch.manual_seed(seed)
    return build()


def convolutional():
    """In-place activations, pooling, and a linear layer over all places."""
    return _seeded(
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8 * 64, 2)),
        )
    )


def pooled():
    """Global average pooling and a linear layer: here the map is Grad-CAM's."""
    return _seeded(
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Linear(8, 2),
        )
    )


def transformer():
    """A vision transformer that reads its class token."""
    from torchvision.models import VisionTransformer

    def build():
        made = VisionTransformer(16, 4, 2, 2, 8, 16, num_classes=2)
        nn.init.normal_(made.heads.head.weight)
        return made

    return _seeded(build, seed=2)  # of which places speak for both classes


def windowed():
    """A Swin transformer: channels last, then first."""
    from torchvision.models import SwinTransformer

    return _seeded(lambda: SwinTransformer([2, 2], 8, [1, 1], [1, 2], [4, 4], num_classes=2))


def perceptron():
    """No convolution, no tokens."""
    return _seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 256, 8), nn.ReLU(), nn.Linear(8, 2)))
