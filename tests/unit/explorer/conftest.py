"""An evaluation of drawn images, and a real explorer on it."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.digests import digest_file
from seatrial.evaluation import EvaluationHeader, EvaluationTable

CLASSES = ("circle", "square", "<script>alert(1)</script>")
LIGHTS = ("day", "night")


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory):
    """Sixty images of three classes; at night two of three are taken for something else."""
    folder = tmp_path_factory.mktemp("explored")
    rng = np.random.default_rng(3)
    rows, vectors = [], []
    for number in range(60):
        code, night = number % 3, number % 4 == 0
        wrong = night and number % 3 != 0
        path = folder / f"{number:02d}.png"
        Image.fromarray(rng.integers(0, 90 if night else 255, (24, 24, 3), dtype=np.uint8)).save(path)
        rows.append(
            {
                "id": path.name,
                "label": None if number == 59 else CLASSES[code],
                "prediction": CLASSES[(code + wrong) % 3],
                "confidence": 0.5 + number / 200,
                "loss": 0.1,
                "group": None,
                "uri": str(path),
                "content": digest_file(path),
                "light": LIGHTS[night],
                "site's name": f"s{number % 5}",
                "brightness": float(rng.random()),
            }
        )
        vectors.append(rng.normal(code * 5 + night * 20, 1, 8))
    header = EvaluationHeader("classification", CLASSES, "model.pt", "sha256:m", "shapes", "sha256:d", 60)
    table = EvaluationTable(
        header, pa.Table.from_pylist(rows), embeddings=np.array(vectors, dtype=np.float32)
    )
    table.write(folder / "evaluation")
    return folder / "evaluation"


@dataclass
class Served:
    """A running explorer."""

    url: str
    notes: object

    def ask(self, path, body=None, **headers):
        """Ask a question; gives the status and the JSON or bytes of the answer."""
        sent = {"X-Seatrial": "explorer", "Content-Type": "application/json", **headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {k: v for k, v in sent.items() if v is not None}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                read, status, kind = answer.read(), answer.status, answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            read, status, kind = error.read(), error.code, error.headers["Content-Type"]
            error.close()
        return status, json.loads(read) if kind == "application/json" else read


@pytest.fixture(scope="session")
def explorer(evaluation, tmp_path_factory):
    """``seatrial explore`` as a user starts it."""
    notes = tmp_path_factory.mktemp("kept") / "notes"
    command = [
        sys.executable,
        "-m",
        "seatrial",
        "explore",
        str(evaluation),
        "--no-browser",
        "--notes",
        str(notes),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            url = re.search(r"http://\S+", program.stdout.readline()).group()
            yield Served(url, notes)
        finally:
            program.terminate()
