"""A training pipeline with a gate at its end: train → post_training → promotion.

    python examples/train_and_promote.py compiled/       # writes train_and_promote.yaml for a cluster
    python examples/train_and_promote.py --run my-run/   # runs it here, with a registry in my-run/mlflow.db

The training step is any component that logs a model to MLflow and gives its URI; the one here learns
scikit-learn's handwritten digits in a few seconds. What follows it is Seatrial's pipeline as it is.
"""

import sys
import warnings
from pathlib import Path

from kfp import compiler, dsl, local

from seatrial_components.image import EVALUATION_IMAGE
from seatrial_components.resources import Cluster, on_cluster
from seatrial_pipelines.post_training import post_training

POLICY = """\
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: skip}
statistics: {replicates: 200}
defaults: {min_n: 20}
slices:
  ink: {by: [ink]}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.85, severity: block}
  - {id: every kind of ink, type: min, metric: accuracy, slice: ink, value: 0.8, severity: block}
  - {id: no worse than the champion, type: no_regression, metric: accuracy, severity: block}
"""


@dsl.component(base_image=EVALUATION_IMAGE, install_kfp_package=False)
def train_digits(images: int, data: dsl.Output[dsl.Dataset], tracking_uri: str, experiment: str) -> str:
    """Train a classifier of digits, log it to MLflow, write the images to judge it on.

    Args:
        images: Images to learn from, at most 1,000.
        data: Images that the model has not seen, with a table of labels and metadata.
        tracking_uri: MLflow server.
        experiment: Experiment of the training run.

    Returns:
        The model's URI.
    """
    import warnings
    from pathlib import Path

    import mlflow
    import numpy as np
    import torch
    from PIL import Image
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    digits = load_digits()
    pixels = np.repeat(np.repeat(digits.images * 255 / 16, 2, 1), 2, 2).astype(np.uint8)
    seen = np.random.default_rng(7).permutation(len(pixels))
    train, unseen = seen[:images], seen[1000:]

    folder = Path(data.path)
    folder.mkdir(parents=True)
    rows = ["image,label,ink"]
    for number in unseen:
        Image.fromarray(pixels[number]).save(folder / f"{number:04}.png")
        ink = ["thin", "bold"][int(pixels[number].mean() > 80)]  # noqa: PLR2004 - about half of them
        rows.append(f"{number:04}.png,{digits.target[number]},{ink}")
    (folder / "test.csv").write_text("\n".join(rows) + "\n")

    fitted = LogisticRegression(max_iter=500).fit(
        pixels[train].reshape(len(train), -1) / 255, digits.target[train]
    )
    head = torch.nn.Linear(256, 10)
    with torch.no_grad():
        head.weight.copy_(torch.tensor(fitted.coef_))
        head.bias.copy_(torch.tensor(fitted.intercept_))
    # three equal channels become one again
    grey = torch.nn.Conv2d(3, 1, 1, bias=False)
    torch.nn.init.constant_(grey.weight, 1 / 3)
    network = torch.nn.Sequential(grey, torch.nn.Flatten(), head).eval()

    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_experiment(experiment)
    options = {
        "classes": [str(digit) for digit in range(10)],
        "preprocess": {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]},
    }
    with mlflow.start_run(run_name=f"digits from {images} images"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own defaults
        mlflow.log_param("images", images)
        logged = mlflow.pytorch.log_model(
            network,
            name="model",
            input_example=np.zeros((2, 3, 16, 16), dtype=np.float32),
            serialization_format="pt2",
            metadata={"seatrial": options},  # so that nobody has to say again how it is fed
            pip_requirements=["torch"],
        )
    return str(logged.model_uri)


@dsl.component(base_image=EVALUATION_IMAGE, install_kfp_package=False)
def name_dataset(data: dsl.Input[dsl.Dataset]) -> str:
    """Say where the images are, as a specification of Seatrial."""
    place = data.uri if data.uri.startswith(("s3://", "gs://")) else data.path
    return f"table:{place}/test.csv?image=image&label=label"


@dsl.pipeline(name="train-and-promote")
def train_and_promote(tracking_uri: str, images: int = 1000, registered_model: str = "digits") -> None:
    """Train a model, judge it, and let it replace the champion if it passes.

    Args:
        tracking_uri: MLflow server.
        images: Images to learn from.
        registered_model: Registered model whose alias `champion` moves after a pass.
    """
    trained = train_digits(images=images, tracking_uri=tracking_uri, experiment="digits")
    dataset = name_dataset(data=trained.outputs["data"])
    post_training(
        model=trained.outputs["Output"],
        dataset=dataset.output,
        policy=POLICY,  # no default of a parameter: kfp writes those into a comment, where no text may break
        baseline="models:/digits@champion",
        tracking_uri=tracking_uri,
        registered_model=registered_model,
    )


def main() -> None:
    """Compile the pipeline, or run it on this machine."""
    *flags, folder = sys.argv[1:] or ["compiled"]
    out = Path(folder).absolute()
    out.mkdir(parents=True, exist_ok=True)
    if "--run" not in flags:
        file = out / "train_and_promote.yaml"
        compiler.Compiler().compile(on_cluster(train_and_promote, Cluster()), str(file))
        print(f"written  {file}")
        return
    warnings.filterwarnings("ignore", message="You may be attemping to run a task")
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(out / "runs"))
    train_and_promote(tracking_uri=f"sqlite:///{out / 'mlflow.db'}")


if __name__ == "__main__":
    main()
