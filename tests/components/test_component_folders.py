"""Every component's folder is complete, in Kubeflow's form, and in step with its code."""

import datetime as dt
import inspect

import pytest
import yaml
from kfp import compiler, components

from seatrial_components import readme
from seatrial_components.image import EVALUATION_IMAGE, IMAGE
from seatrial_components.readme import COMPONENTS, load_component

FOLDER = readme._FOLDER


def test_every_folder_is_a_component_and_every_component_has_a_folder():
    found = {path.parent.name for path in FOLDER.glob("*/component.py")}
    assert found == set(COMPONENTS)


@pytest.mark.parametrize("name", COMPONENTS)
def test_readme_says_what_the_code_says(name):
    written = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    assert written == readme.render(name), "run: python -m seatrial_components.readme"


@pytest.mark.parametrize("name", COMPONENTS)
def test_readme_describes_every_input_and_output(name):
    component = load_component(name)
    inputs, outputs = readme._descriptions(component)
    assert all(inputs[one] for one in component.component_spec.inputs or {})
    assert all(outputs[one] for one in component.component_spec.outputs or {})


@pytest.mark.parametrize("name", COMPONENTS)
def test_metadata_has_kubeflows_keys_in_kubeflows_order(name):
    metadata = yaml.safe_load((FOLDER / name / "metadata.yaml").read_text(encoding="utf-8"))
    assert list(metadata) == ["name", "stability", "dependencies", "lastVerified", "tags", "links"]
    assert metadata["name"] == name
    assert metadata["stability"] in {"alpha", "beta", "stable"}
    assert list(metadata["dependencies"]) == ["kubeflow", "external_services"]
    assert metadata["dependencies"]["kubeflow"][0]["name"] == "Pipelines"
    assert isinstance(metadata["lastVerified"], dt.datetime)
    assert metadata["lastVerified"].tzinfo is not None


@pytest.mark.parametrize("name", COMPONENTS)
def test_links_of_the_metadata_lead_somewhere(name):
    metadata = yaml.safe_load((FOLDER / name / "metadata.yaml").read_text(encoding="utf-8"))
    assert all((FOLDER / name / target).resolve().exists() for target in metadata["links"].values())


@pytest.mark.parametrize("name", COMPONENTS)
def test_usage_example_compiles(name, tmp_path):
    code = readme.render(name).split("```python\n")[1].split("```")[0]
    names = {}
    exec(compile(code, f"example of {name}", "exec"), names)
    compiler.Compiler().compile(names["example"], str(tmp_path / "example.yaml"))


@pytest.mark.parametrize("name", COMPONENTS)
def test_component_compiles_and_loads_again(name, tmp_path):
    component = load_component(name)
    compiler.Compiler().compile(component, str(tmp_path / "component.yaml"))
    loaded = components.load_component_from_file(str(tmp_path / "component.yaml"))
    assert set(loaded.component_spec.inputs) == set(component.component_spec.inputs)


@pytest.mark.parametrize("name", COMPONENTS)
def test_pod_installs_nothing_and_runs_one_of_the_two_images(name):
    container = load_component(name).component_spec.implementation.container
    assert container.image in {IMAGE, EVALUATION_IMAGE}
    assert "pip install" not in " ".join(map(str, container.command))


@pytest.mark.parametrize("name", COMPONENTS)
def test_body_is_imports_and_a_call_or_two(name):
    source = inspect.getsource(load_component(name).python_func)
    body = source.split('"""')[2]
    statements = [line for line in body.splitlines() if line.strip() and not line.startswith("     ")]
    assert len(statements) <= 8, "work belongs into the step"


@pytest.mark.parametrize("name", COMPONENTS)
def test_pod_loads_the_source_that_it_is_sent(name):
    """It has no more than what kfp writes above it: no constant of the module, also not as a default."""
    source = load_component(name).component_spec.implementation.container.command[-1]
    names = {}
    exec(compile(source, f"the pod of {name}", "exec"), names)
    assert callable(names[name])
