"""One component in a pipeline of its own, on artifacts that another run left."""

from kfp import dsl

from seatrial_components.readme import load_component

CLASSES = {one.schema_title: one for one in (dsl.Artifact, dsl.Dataset, dsl.Metrics, dsl.HTML, dsl.Model)}


def alone(component: str, artifacts: dict[str, str], parameters: dict[str, object]) -> None:
    """Run a component.

    Args:
        component: Its name.
        artifacts: Path of each input artifact, by the input's name.
        parameters: The other inputs.
    """
    loaded = load_component(component)

    @dsl.pipeline(name=component.replace("_", "-"))
    def pipeline() -> None:
        imported = {
            name: dsl.importer(
                artifact_uri=path,
                artifact_class=CLASSES[loaded.component_spec.inputs[name].type.split("@")[0]],
            ).output
            for name, path in artifacts.items()
        }
        loaded(**imported, **parameters)

    pipeline()
