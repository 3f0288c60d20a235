"""A component's README, written from its signature, its docstring and its ``metadata.yaml``.

``python -m seatrial_components.readme`` writes all of them.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docstring_parser
import yaml

from seatrial.files import write_text
from seatrial_components.names import COMPONENTS

__all__ = ["COMPONENTS", "load_component", "render"]

_FOLDER = Path(__file__).parent


def load_component(name: str) -> Any:
    """Import a component by its name."""
    return getattr(importlib.import_module(f"seatrial_components.{name}"), name)


def render(name: str) -> str:
    """Write the README of a component in the form of Kubeflow's component repository.

    Args:
        name: The component's name, which is its folder's.
    """
    component = load_component(name)
    spec = component.component_spec
    inputs, outputs = _descriptions(component)
    metadata = yaml.safe_load((_FOLDER / name / "metadata.yaml").read_text(encoding="utf-8"))
    title = name.replace("_", " ").capitalize()
    parts = [
        f"# {title}",
        "<!-- written by `python -m seatrial_components.readme`: edit component.py or metadata.yaml -->",
        "## Overview",
        _overview(spec.description),
        "## Inputs",
        _table(("Name", "Type", "Default", "Description"), _inputs(spec, inputs)),
        "## Outputs",
        _table(("Name", "Type", "Description"), _outputs(spec, outputs)) if spec.outputs else "None.",
        "## Usage Examples",
        f"```python\n{_example(name, spec)}\n```",
        "## Metadata",
        _metadata(metadata),
        "## Additional Resources",
        "\n".join(f"- [{label}]({target})" for label, target in metadata["links"].items()),
    ]
    return "\n\n".join(parts) + "\n"


def _overview(description: str) -> str:
    first, _, rest = description.partition("\n")
    return f"{first}\n\n{' '.join(rest.split())}" if rest else first


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _descriptions(component: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Describe arguments and outputs; kfp itself drops what the docstring says of output artifacts."""
    text = inspect.getdoc(component.python_func) or ""
    arguments = {one.arg_name: one.description or "" for one in docstring_parser.parse(text).params}
    returns = text.partition("Returns:\n")[2]
    named = re.findall(r"^ +(\w+): (.+)$", returns, re.MULTILINE) or [("Output", returns)]
    plain = {name: " ".join(words.split()) for name, words in arguments.items()}
    return plain, plain | {name: " ".join(words.split()) for name, words in named}


def _inputs(spec: Any, described: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for name, one in spec.inputs.items():
        default = f"`{one.default!r}`" if one.optional else "required"
        yield f"`{name}`", _type(one), default, described[name]


def _outputs(spec: Any, described: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for name, one in spec.outputs.items():
        yield f"`{name}`", _type(one), described[name]


def _type(one: Any) -> str:
    name = one.type.removeprefix("system.").partition("@")[0]
    return f"`List[{name}]`" if one.is_artifact_list else f"`{name}`"


_PYTHON_TYPES = {"String": "str", "Integer": "int", "Float": "float", "Boolean": "bool"}


def _example(name: str, spec: Any) -> str:
    artifacts = {key: one for key, one in spec.inputs.items() if one.type.startswith("system.")}
    needed = {key: one for key, one in spec.inputs.items() if not one.optional}
    parameters = [
        f"{key}_uri: str" if key in artifacts else f"{key}: {_PYTHON_TYPES[one.type]}"
        for key, one in needed.items()
    ]
    imports = [
        f"    {key} = dsl.importer(artifact_uri={key}_uri, artifact_class=dsl.{_type(one).strip('`')})"
        for key, one in artifacts.items()
        if key in needed and not one.is_artifact_list
    ]
    arguments = [f"{key}={key}.output" if key in artifacts else f"{key}={key}" for key in needed]
    if any(one.is_artifact_list for one in artifacts.values()):
        return "\n".join(_FAN_OUT)
    if any(one.type == "PipelineTaskFinalStatus" for one in spec.inputs.values()):
        return "\n".join(_AT_THE_END)
    head = ["from kfp import dsl", "", f"from seatrial_components.{name} import {name}", "", ""]
    return "\n".join(
        [
            *head,
            f'@dsl.pipeline(name="{name.replace("_", "-")}-example")',
            _call("def example", parameters, ":"),
            *imports,
            _call(f"    {name}", arguments),
        ]
    )


def _call(start: str, arguments: list[str], end: str = "") -> str:
    line = f"{start}({', '.join(arguments)}){end}"
    if len(line) <= _WIDTH:
        return line
    indent = " " * (len(start) - len(start.lstrip()))
    lines = [f"{indent}    {one}," for one in arguments]
    return "\n".join([f"{start}(", *lines, f"{indent}){end}"])


_WIDTH = 110

_FAN_OUT = (
    "from kfp import dsl",
    "",
    "from seatrial_components.evaluate_model import evaluate_model",
    "from seatrial_components.merge_shards import merge_shards",
    "from seatrial_components.plan_shards import plan_shards",
    "",
    "",
    '@dsl.pipeline(name="merge-shards-example")',
    "def example(model: str, dataset: str):",
    "    plan = plan_shards(dataset=dataset, shards=4, model=model)",
    '    with dsl.ParallelFor(plan.outputs["Output"]) as item:',
    "        part = evaluate_model(",
    '            model=item.model, dataset=dataset, shard=item.shard, manifest=plan.outputs["manifest"]',
    "        )",
    '    merge_shards(shards=dsl.Collected(part.outputs["evaluation"]))',
)


_AT_THE_END = (
    "from kfp import dsl",
    "",
    "from seatrial_components.enforce import enforce",
    "from seatrial_components.notify import notify",
    "",
    "",
    '@dsl.pipeline(name="notify-example")',
    "def example(verdict_uri: str, tracking_uri: str):",
    "    told = notify(pipeline_run=dsl.PIPELINE_JOB_ID_PLACEHOLDER, tracking_uri=tracking_uri)",
    "    with dsl.ExitHandler(told):",
    "        verdict = dsl.importer(artifact_uri=verdict_uri, artifact_class=dsl.Artifact)",
    "        enforce(verdict=verdict.output)",
)


def _metadata(metadata: dict[str, Any]) -> str:
    needs = [f"{one['name']} {one['version']}" for one in metadata["dependencies"]["kubeflow"]]
    services = [f"{one['name']} {one['version']}" for one in metadata["dependencies"]["external_services"]]
    return "\n".join(
        [
            f"- **Name**: {metadata['name']}",
            f"- **Stability**: {metadata['stability']}",
            f"- **Kubeflow**: {', '.join(needs)}",
            f"- **External services**: {', '.join(services) or 'none'}",
            f"- **Last verified**: {metadata['lastVerified']:%Y-%m-%d}",
            f"- **Tags**: {', '.join(metadata['tags'])}",
        ]
    )


def main() -> None:
    """Write the README of every component."""
    for name in COMPONENTS:
        write_text(_FOLDER / name / "README.md", render(name))


if __name__ == "__main__":
    main()
