"""Ten thousand samples with everything that there is to say of them stay a page that can be mailed."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EXPLANATION_SCHEMA, Explanations
from seatrial.reporting import FoundSaliency, render_html

SAMPLES, SIDE = 10_000, 14


@pytest.mark.slow
def test_a_page_of_ten_thousand_explained_samples_takes_twelve_megabytes_at_most(story, cells):
    rows = np.arange(SAMPLES) % len(cells)
    samples = cells.take(pa.array(rows))
    ids = pa.array([f"sample {number:05}" for number in range(SAMPLES)])
    samples = samples.set_column(samples.column_names.index("id"), "id", ids)
    told = story(samples=samples, before={"mono": 2.0, "poly": 1.0}, now={"mono": 1.0, "poly": 2.0})
    maps = np.random.default_rng(0).integers(0, 256, (SAMPLES, SIDE * SIDE), dtype=np.uint8)
    table = told.candidate.samples
    given = {
        "id": ids,
        "truth": table.column("label"),
        "prediction": table.column("prediction"),
        "kind": ["confused"] * SAMPLES,
        "drawn": [True] * SAMPLES,
        "side": [SIDE] * SAMPLES,
        "map": [one.tobytes() for one in maps],
        "core": [one.tobytes() for one in maps],
    }
    columns = {name: given.get(name, pa.nulls(SAMPLES, type_)) for name, type_ in _types()}
    header = {"side": SIDE, "dataset_digest": "sha256:cells"}
    looks = FoundSaliency(Explanations(pa.table(columns, schema=EXPLANATION_SCHEMA), header), ())
    page = render_html(told.inputs(saliency=looks, embedding_map=False))
    assert page.count("data:image/jpeg;base64,") > 4_000
    assert page.count('"data:image/jpeg') > 4_000
    assert len(page.encode()) < 12_000_000


def _types():
    return [(field.name, field.type) for field in EXPLANATION_SCHEMA]
