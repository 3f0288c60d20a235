"""Kubeflow Pipelines components: one folder a step, each an adapter of the step of the same name."""

from seatrial_components.image import IMAGE

__all__ = ["IMAGE"]
