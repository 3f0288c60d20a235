"""Sea trials for vision models: does this model go to production?"""

__all__ = ["__version__"]

__version__ = "0.1.0"
