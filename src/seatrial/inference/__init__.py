"""Inference: model loading, preprocessing and the batched runner; the only package that imports torch.

Importing this package does not import torch: the options and the source contract are plain data.
"""

from seatrial.inference.options import ModelOptions, Preprocess
from seatrial.inference.source import FetchedModel, ModelKind

__all__ = ["FetchedModel", "ModelKind", "ModelOptions", "Preprocess"]
