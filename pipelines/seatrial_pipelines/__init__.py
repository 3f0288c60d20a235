"""Kubeflow pipelines made of Seatrial's components, and the means to run them."""
