"""Names, reasons and texts from outside show as text, whatever is in them, and do not blow up the page."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EXPLANATION_SCHEMA, Explanations
from seatrial.gates import Policy
from seatrial.labelling import LabellingQueue
from seatrial.labelling.queue import QUEUE_SCHEMA
from seatrial.reporting import (
    FoundBatch,
    FoundGroups,
    FoundSaliency,
    JudgedRun,
    render_comparison,
    render_html,
)
from seatrial.slices import SliceReport
from seatrial.steps import find_blind_spots

SCRIPT, TURNED, NUL, LONG = (
    "</script><script>alert(1)</script>",
    "\u202etxt.exe",
    "nul\x00\x1b[31m",
    "long" * 25_000,
)
ODD = (SCRIPT, TURNED, NUL, LONG)
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]")
#: What a page of these stories takes without anything odd in it, about.
USUAL = 600_000


class Shown(HTMLParser):
    """What a browser makes of a page: scripts, attributes that could run, texts to copy, data."""

    def __init__(self, html):
        super().__init__()
        self.html, self.scripts, self.runs, self.copied, self._into = html, [], [], {}, None
        self.feed(html)
        self.data = json.loads(self.scripts[0])

    def handle_starttag(self, tag, attrs):
        self._into = None
        self.runs += [
            name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")
        ]
        if tag == "script":
            self.scripts.append("")
            self._into = "script"
        if tag == "pre":
            self._into = dict(attrs)["id"]
            self.copied[self._into] = ""

    def handle_endtag(self, tag):
        if tag == "pre":
            self.copied[self._into] = self.copied[self._into].removeprefix("\n")  # a browser drops it, too
        if tag in {"script", "pre"}:
            self._into = None

    def handle_data(self, data):
        if self._into == "script":
            self.scripts[-1] += data
        elif self._into is not None:
            self.copied[self._into] += data


def checked(html, most=2 * USUAL):
    shown = Shown(html)
    assert len(shown.scripts) == 2  # the data and the page's own
    assert shown.runs == []
    assert HIDDEN.search(html) is None
    assert len(html) < most
    return shown


@pytest.fixture
def groups(story, cells, tmp_path):
    """Find the group that fails where a type of cell is called anything, as its cause says anything."""

    def find(odd, usual="usual"):
        kinds = [odd if one == "mono" else usual for one in cells.column("type").to_pylist()]
        samples = cells.set_column(cells.column_names.index("type"), "type", pa.array(kinds))
        told = story(samples=samples, before=None, now={odd: 0.0, usual: 6.0})
        told.candidate.write(tmp_path / "evaluation")
        find_blind_spots.run(tmp_path / "evaluation", tmp_path / "found")
        found = FoundGroups.read(tmp_path / "found")
        assert any(odd in (one["slice"] or {}).get("where", "") for one in found.confirmed)
        for one in found.confirmed:
            one["cause"] = {"cause": "rare", "action": odd, "reason": odd}
        return told.inputs(found=found, embedding_map=False)

    return find


@pytest.mark.parametrize("odd", ODD, ids=["script", "turned", "nul", "long"])
def test_groups_and_their_causes_show_as_text_and_still_load(odd, groups):
    inputs = groups(odd)
    shown = checked(render_html(inputs))
    if odd == LONG:
        assert "too long for a page" in shown.html
        assert "proposed" not in shown.copied
        return
    rule = "rules:\n  - {id: solved, type: scenario}\n"
    texts = shown.copied["proposed"] + shown.copied["proposed-scenarios"]
    policy = Policy.parse(f"apiVersion: seatrial/v1\n{texts}{rule}", "pasted.yaml")
    specs = {one["name"]: one["slice"] for one in inputs.found.confirmed if one["slice"]}
    assert {name: policy.slices[name].to_policy() for name in specs} == specs


def queue(texts):
    rows = [
        {"rank": rank, "id": one, "uri": None, "width": None, "height": None, "priority": 1.0, "reason": one,
         "group": one, "label": None, "suggested_label": one, "boxes": []}
        for rank, one in enumerate(texts, start=1)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, schema=QUEUE_SCHEMA)
    return LabellingQueue("pool", "classification", tuple(texts), table)


def batch(texts):
    names = [{"name": one, "failures": 1, "chosen": 1} for one in texts[:20]]
    report = {
        "evaluation": {"dataset_digest": "sha256:cells"},
        "pool": {"dataset": texts[0], "images": len(texts)},
        "groups": names,
        "chosen": len(texts),
        "left_out": dict.fromkeys(texts[:20], 3),
        "remarks": list(texts[:20]),
    }
    return FoundBatch(queue(texts), report)


def test_a_batch_shows_as_text_and_copies_only_what_can_be_copied(refused):
    texts = (*ODD, "plain.png", 'a, "b" & <c>.png')
    shown = checked(render_html(refused.inputs(batch=batch(texts), embedding_map=False)))
    exact = [SCRIPT, "plain.png", 'a, "b" & <c>.png']
    assert shown.copied["batch-ids"].strip().split("\n") == exact
    assert "3 of 6 images are in these texts" in shown.html
    assert len(shown.copied["batch-table"].splitlines()) == 4


def test_a_huge_batch_is_cut_and_says_so(refused):
    texts = tuple(f"{number:06}-{'x' * 150}" for number in range(20_000))
    shown = checked(render_html(refused.inputs(batch=batch(texts), embedding_map=False)), most=3 * USUAL)
    assert shown.html.count('class="rank"') == 100
    assert "19\u202f900 others are in the queue" in shown.html
    assert len(shown.copied["batch-ids"].split()) == 1_000


def test_explanations_show_as_text(refused):
    ids = refused.candidate.samples.column("id").to_pylist()
    rows = [
        dict.fromkeys(EXPLANATION_SCHEMA.names)
        | {
            "id": id_,
            "truth": odd,
            "prediction": odd,
            "kind": odd,
            "side": 2,
            "map": b"\0\1\2\3",
            "drawn": True,
        }
        for id_ in ids
        for odd in ODD
    ]
    header = {
        "dataset_digest": "sha256:cells",
        "model_digest": refused.candidate.header.model_digest,
        "side": 2,
        "method": LONG,
        "core": SCRIPT,
    }
    cells = [
        {"truth": truth, "prediction": "functional", "kind": LONG, "n": 3, "explained": 2,
         "mean_map": [[0.1, 0.2], [0.3, 1.0]], "off_core": {"reason": SCRIPT, "n": 0}}
        for truth in ("defective", *ODD)
    ]  # fmt: skip
    looks = FoundSaliency(Explanations(pa.Table.from_pylist(rows, schema=EXPLANATION_SCHEMA), header), cells)
    shown = checked(render_html(refused.inputs(saliency=looks, embedding_map=False)))
    assert shown.data["saliency"]["side"] == 2
    assert max(len(text) for text in json.dumps(shown.data["saliency"]).split('"')) < 250


def test_ten_thousand_classes_with_huge_names_stay_within_bounds(story, cells):
    many = tuple(f"{'<script>' * 20}{number}" for number in range(10_000))
    labels = [many[37 * row % 10_000] for row in range(len(cells))]
    samples = cells.set_column(cells.column_names.index("label"), "label", pa.array(labels))
    rules = "\n  - {id: floor, type: min, metric: accuracy, value: 0.1, severity: block}\n"
    told = story(
        samples=samples, before=None, now={"mono": 9.0, "poly": 4.0}, classes=many, rules=rules, replicates=20
    )
    html = render_html(told.inputs(embedding_map=False))
    assert len(Shown(html).scripts) == 2
    assert len(html) < 5_000_000


def test_the_comparison_of_runs_shows_what_is_odd_as_text(refused):
    rows = tuple(replace(row, slice=f"{row.slice}{odd}") for odd in ODD for row in refused.slices.rows)
    odd = SliceReport({**refused.slices.header, "candidate": {"model": LONG}}, rows)
    runs = [JudgedRun(one, odd, refused.verdict, "javascript:alert(1)") for one in ODD]
    shown = checked(render_comparison(runs))
    assert len(shown.data["slices"]) == len({row.slice for row in rows})
    assert 'href="javascript' not in shown.html


def test_odd_ids_and_attributes_of_samples_show_as_text(story, cells):
    odd = [f"{ODD[row % 4]}{row}" for row in range(len(cells))]
    samples = cells.set_column(cells.column_names.index("id"), "id", pa.array(odd))
    samples = samples.append_column(SCRIPT, pa.array(odd)).append_column(
        LONG, pa.array(np.arange(len(cells)))
    )
    told = story(samples=samples, before={"mono": 4.0, "poly": 1.0}, now={"mono": 1.0, "poly": 4.0})
    shown = checked(render_html(told.inputs(embedding_map=False)))
    assert "samples are left out: their ids cannot be written as they are" in shown.html
    rule = "rules:\n  - {id: solved, type: scenario}\n"
    text = f"apiVersion: seatrial/v1\n{shown.copied['proposed-scenarios']}{rule}"
    assert Policy.parse(text, "pasted.yaml").scenarios
