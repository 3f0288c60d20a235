"""Other tools run without their chatter: what they warn of is not about the user's data."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]

_CATEGORIES = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning, RuntimeWarning)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings in the block.

    Great Expectations, Evidently and what they import (marshmallow, litestar, pandas idioms) warn of their
    own deprecations, NumPy of comparisons inside them, SciPy of exact p-values that it replaces by
    asymptotic ones.
    """
    with warnings.catch_warnings():
        for category in _CATEGORIES:
            warnings.simplefilter("ignore", category)
        yield
