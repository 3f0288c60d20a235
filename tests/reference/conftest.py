"""The benchmarks' generators and peers, which lie beside the tests."""

import importlib
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark_module(monkeypatch):
    """Import a module of the benchmarks by its name."""

    def load(name):
        monkeypatch.syspath_prepend(str(_ROOT))
        return importlib.import_module(f"benchmarks.{name}")

    return load
