"""Kubeflow Pipelines components: one folder a step."""
