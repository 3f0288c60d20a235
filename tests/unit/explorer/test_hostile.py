"""Whatever names and values a data set has: what the explorer tells of it is text, and small."""

import json
import re

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.explorer.app import Explorer, create_app
from seatrial.explorer.embedded import Embedded
from seatrial.explorer.notes import Notes
from seatrial.explorer.opened import OpenedEvaluation

ODD = ("<script>alert(1)</script>", "\u202etxt.exe", "nul\x00\x1b[31m", "long" * 25_000)
HIDDEN = re.compile("[\x00-\x1f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def ask(tmp_path):
    """Ask an explorer of an evaluation of ten thousand classes, odd ids and odd attributes."""
    classes = (*ODD, *(f"class {number}" for number in range(9_996)))
    n = 400
    said = [number % 8 for number in range(n)]
    columns = {
        "id": [f"{ODD[number % 4]}{number}" for number in range(n)],
        "label": [classes[number % 5] for number in range(n)],
        "group": pa.nulls(n, pa.string()),
        "uri": [ODD[number % 4] for number in range(n)],
        ODD[0]: [ODD[number % 4] for number in range(n)],
        ODD[1]: [f"{ODD[3]}{number}" for number in range(n)],
    }
    samples = classification_samples(pa.table(columns), classes, said, [0.5] * n, None)
    header = EvaluationHeader("classification", classes, ODD[0], "sha256:m", ODD[2], "sha256:d", n)
    EvaluationTable(header, samples).write(tmp_path / "evaluation")
    opened = OpenedEvaluation.read(tmp_path / "evaluation")
    explorer = Explorer(opened, Notes(tmp_path / "notes"), Embedded(opened, None, None))
    client = TestClient(create_app(explorer, frozenset({"testserver"})), headers={"X-Seatrial": "explorer"})

    def answered(path, body=None):
        answer = client.get(path) if body is None else client.post(path, json=body)
        assert answer.status_code == 200, answer.text[:500]
        return answer.json()

    return answered


def texts(value):
    """Give every text that a page would show."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in {"where", "predicate"}:  # what is asked with is as exact as the data
                yield from texts(one)


def test_what_it_tells_is_visible_and_cut(ask):
    overview = ask("/api/overview")
    keys = [key for key, _ in overview["attributes"]]
    overview["attributes"] = [shown for _, shown in overview["attributes"]]
    assert set(ODD[:2]) <= set(keys)
    told = [
        overview,
        ask("/api/samples", {"query": {}}),
        ask("/api/confusion", {"query": {}}),
        ask("/api/sample/2"),
    ]
    told += [ask("/api/facet", {"query": {}, "name": name}) for name in keys]
    for value in told:
        for text in texts(value):
            assert HIDDEN.search(text) is None
            assert len(text) <= 240
    assert len(json.dumps(told[1])) < 200_000
