"""The images that components run in."""

import subprocess
import sys

import seatrial

_SHOW = "from seatrial_components.{0} import {0}; print({0}.component_spec.implementation.container.image)"


def _image(environment, component="enforce"):
    done = subprocess.run(
        [sys.executable, "-c", _SHOW.format(component)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_environment_names_the_image_at_compile_time():
    assert (
        _image({"SEATRIAL_IMAGE": "registry.example/team/seatrial:9"}) == "registry.example/team/seatrial:9"
    )


def test_default_image_is_this_version():
    assert _image({}) == f"seatrial:{seatrial.__version__}"


def test_what_runs_a_model_runs_in_an_image_of_its_own():
    assert _image({}, "evaluate_model") == f"seatrial-evaluation:{seatrial.__version__}"
    named = {"SEATRIAL_IMAGE": "a:1", "SEATRIAL_EVALUATION_IMAGE": "b:1"}
    assert _image(named, "evaluate_model") == "b:1"
    assert _image(named) == "a:1"


def test_one_named_image_serves_every_component():
    assert _image({"SEATRIAL_IMAGE": "a:1"}, "evaluate_model") == "a:1"
