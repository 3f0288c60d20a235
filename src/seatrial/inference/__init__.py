"""Placeholder; the package's own docstring comes with its first module."""
