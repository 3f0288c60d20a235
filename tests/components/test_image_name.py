"""The image that components run in."""

import subprocess
import sys

import seatrial

_SHOW = (
    "from seatrial_components.enforce import enforce; "
    "print(enforce.component_spec.implementation.container.image)"
)


def _image(environment):
    done = subprocess.run(
        [sys.executable, "-c", _SHOW], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_environment_names_the_image_at_compile_time():
    assert (
        _image({"SEATRIAL_IMAGE": "registry.example/team/seatrial:9"}) == "registry.example/team/seatrial:9"
    )


def test_default_image_is_this_version():
    assert _image({}) == f"seatrial:{seatrial.__version__}"
