"""The overlays as kubectl renders them."""

import functools
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

K8S = Path(__file__).parents[2] / "k8s"
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())


@functools.cache
def render(overlay: str) -> list[dict]:
    """Render an overlay."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    done = subprocess.run(
        ["kubectl", "kustomize", str(K8S / "overlays" / overlay)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(params=OVERLAYS)
def overlay(request) -> list[dict]:
    """Give every object of an overlay, one overlay after the other."""
    return render(request.param)


@pytest.fixture
def objects():
    """Give the objects of a named overlay, by kind and name."""
    return lambda name: {(one["kind"], one["metadata"]["name"]): one for one in render(name)}


@pytest.fixture
def policy():
    """Give the module with what every pod keeps to."""
    spec = importlib.util.spec_from_file_location("pod_policy", Path(__file__).with_name("pod_policy.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
