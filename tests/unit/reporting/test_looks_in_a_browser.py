"""Where the model looked, switched on in a real browser; and what is copied from the page."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EXPLANATION_SCHEMA, Explanations
from seatrial.gates import Policy
from seatrial.reporting import FoundSaliency, render_html


@pytest.fixture
def explained(refused):
    """Explain every sample: the upper left quarter is what the model looked at, and its core."""
    samples = refused.candidate.samples
    salience = np.zeros((4, 4), dtype=np.uint8)
    salience[:2, :2] = 255
    columns = {
        name: pa.nulls(len(samples), EXPLANATION_SCHEMA.field(name).type) for name in EXPLANATION_SCHEMA.names
    }
    columns |= {"id": samples.column("id"), "truth": samples.column("label")}
    columns |= {"prediction": samples.column("prediction"), "side": pa.array([4] * len(samples))}
    columns |= {"map": pa.array([salience.tobytes()] * len(samples))}
    columns |= {"core": columns["map"], "off_core": pa.array([0.25] * len(samples))}
    header = {"side": 4, "method": "activation", "dataset_digest": "sha256:cells"}
    share = {"value": 0.25, "low": 0.2, "high": 0.3, "n": 9}
    cells = [
        {"truth": "defective", "prediction": "functional", "kind": "confused", "n": 12, "explained": 9,
         "mean_map": (salience / 255).tolist(), "off_core": share}
    ]  # fmt: skip
    return FoundSaliency(Explanations(pa.table(columns, schema=EXPLANATION_SCHEMA), header), cells)


def test_a_cell_shows_where_the_model_looked_when_it_is_asked_to(page, refused, explained, tmp_path):
    place = tmp_path / "report.html"
    place.write_text(render_html(refused.inputs(saliency=explained, embedding_map=False)), encoding="utf-8")
    said = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto(place.as_uri())
    page.click('[data-cell="0-1"]')
    canvas = page.locator("#pictures-list canvas").first
    assert not canvas.is_visible()
    page.check("#pictures [data-looks] input")
    page.wait_for_selector("#pictures-list canvas[data-drawn]")
    assert canvas.is_visible()
    shown = page.wait_for_function(
        """() => {
          const canvas = document.querySelector("#pictures-list canvas"), pen = canvas.getContext("2d");
          const at = (u, v) => [...pen.getImageData(u * canvas.width, v * canvas.height, 1, 1).data];
          return at(0.2, 0.2)[3] ? { on: at(0.2, 0.2), off: at(0.8, 0.8) } : null;
        }"""
    ).json_value()
    assert shown["on"][3] > 150 > shown["off"][3] > 0, "what counts is laid on more strongly"
    assert min(shown["on"][:2]) > 240, "and in the brightest colour"
    told = page.inner_text("#pictures-looks").replace("\u202f", " ")
    assert "The mean of 9 of 12 (confused) by activation maps" in told
    assert "25 % of the saliency lies outside of the core (95 % interval 20 % to 30 %, n = 9)" in told
    assert "25 % of its saliency is outside of the core" in page.get_attribute(
        "#pictures-list li", "title"
    ).replace("\u202f", " ")
    page.keyboard.press("Escape")
    page.click(".card >> nth=0")
    assert page.is_checked("#sample [data-looks] input"), "the choice holds for every picture"
    page.locator("#sample canvas").wait_for()
    assert said == []


def test_what_is_copied_from_the_page_loads_in_a_policy(page, refused, tmp_path):
    place = tmp_path / "report.html"
    place.write_text(render_html(refused.inputs(embedding_map=False)), encoding="utf-8")
    page.goto(place.as_uri())
    page.evaluate(
        "addEventListener('copy', (event) => { window.copied = event.clipboardData.getData('text/plain'); })"
    )
    page.click('[data-copies="proposed-scenarios"]')
    assert page.inner_text('[data-copies="proposed-scenarios"]') == "Copied."
    text = page.evaluate("window.copied")
    policy = f"apiVersion: seatrial/v1\n{text}rules:\n  - {{id: solved, type: scenario}}\n"
    assert "broken-by-a-candidate" in Policy.parse(policy, "pasted.yaml").scenarios
