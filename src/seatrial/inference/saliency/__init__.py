"""Where a model looks: class-activation maps, input gradients, occlusion, and what blanking changes."""

from seatrial.inference.saliency.explainer import Explained, Explainer, ExplainOptions
from seatrial.inference.saliency.request import Request

__all__ = ["ExplainOptions", "Explained", "Explainer", "Request"]
