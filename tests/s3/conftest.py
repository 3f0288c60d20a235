"""A real S3 server on loopback (moto), with a bucket, and images and a model to evaluate."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import fsspec
import numpy as np
import onnx
import pytest
from moto.server import ThreadedMotoServer
from onnx import TensorProto, helper
from PIL import Image

CLASSES = ("blue", "green", "red")
OPTIONS = {"classes": ["red", "green", "blue"], "preprocess": {"resize": None, "crop": None}}


@dataclass(frozen=True)
class Bucket:
    """A bucket on the server.

    Attributes:
        uri: Its address, ``s3://…``.
        client: boto3's client of the server.
    """

    uri: str
    client: object

    def keys(self, prefix: str = "") -> list[str]:
        """List the objects whose keys begin with a prefix."""
        found = self.client.list_objects_v2(Bucket=self.uri.removeprefix("s3://"), Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", ())]

    def upload(self, folder: Path, prefix: str) -> None:
        """Put every file of a folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(folder).as_posix()}"
                self.client.upload_file(str(path), self.uri.removeprefix("s3://"), key)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Start the server; what reads the environment finds it and its credentials there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield told["AWS_ENDPOINT_URL"]
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    server.stop()


@pytest.fixture(scope="session")
def bucket(endpoint) -> Bucket:
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="pier")
    return Bucket("s3://pier", client)


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Path:
    """Make 18 images in folders by class, a table of them, boxes for them, and a network for their colour."""
    folder = tmp_path_factory.mktemp("local")
    generator = np.random.default_rng(3)
    rows, images, annotations = ["image,label,site"], [], []
    for index, name in enumerate(("red", "green", "blue")):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(6):
            pixels = generator.integers(0, 100, (8, 8, 3))
            pixels[:, :, index] += 100 + number * 5
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name / f"{number}.png")
            rows.append(f"images/{name}/{number}.png,{name},{'AB'[number % 2]}")
            images.append({"id": len(images), "file_name": f"{name}/{number}.png", "width": 8, "height": 8})
            box = {"bbox": [1, 1, 4, 4], "area": 16, "iscrowd": 0, "category_id": index}
            annotations.append({"id": len(annotations) + 1, "image_id": images[-1]["id"], **box})
    (folder / "val.csv").write_text("\n".join(rows) + "\n")
    categories = [{"id": index, "name": name} for index, name in enumerate(("red", "green", "blue"))]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "val.json").write_text(json.dumps(document))
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "brightest", [image], [logits])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(made, folder / "model.onnx")
    (folder / "options.json").write_text(json.dumps(OPTIONS))
    return folder


@pytest.fixture(scope="session")
def remote(bucket, local) -> str:
    """Upload all of it; gives the address of the folder."""
    bucket.upload(local, "data")
    return f"{bucket.uri}/data"
