"""The explorer on an evaluation of every task: what is looked for is found, what is kept can be used."""

import json
import re
import subprocess
import sys

import pytest

from seatrial.gates.scenario import family_of
from seatrial.labelling import LabellingQueue
from seatrial.steps import embed, measure_slices

pytestmark = pytest.mark.slow

TASKS = ("classification", "detection", "segmentation")
TINY_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(params=TASKS)
def case(judged, request):
    return judged(request.param)


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "notes"


@pytest.fixture
def more():
    """Options that a test starts the explorer with."""
    return ()


@pytest.fixture
def explorer(case, notes, more, watched):
    """Open what ``seatrial explore`` serves; console errors and foreign requests fail."""
    command = [sys.executable, "-m", "seatrial", "explore", str(case.evaluation), "--no-browser"]
    with subprocess.Popen(
        [*command, "--notes", str(notes), *more], stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            address = re.search(r"http://\S+", program.stdout.readline()).group()
            watched.page.goto(address)
            watched.page.wait_for_selector("html[data-ready]")
            yield watched.page
            assert [one for one in watched.said if "status of 400" not in one] == [], (
                "400 is told on the page"
            )
            assert all(one.startswith(address) for one in watched.asked)
        finally:
            program.terminate()


def settled(page, act):
    """Do something and wait for the answer to be drawn."""
    before = page.get_attribute("html", "data-ready")
    act()
    changed = "before => document.documentElement.dataset.ready !== before"
    page.wait_for_function(
        changed, arg=before, timeout=180_000
    )  # a map is laid out when it is first asked for


def filtered(page, where, outcome="all"):
    page.fill("#where", where)
    settled(page, lambda: page.select_option("#outcome", outcome))
    return int(page.inner_text("#summary").split(" of ")[0])


def save(page, kind, name, because=None):
    """Keep the choice; gives what the page says was written."""
    page.click(f"[data-save={kind}]")
    page.fill("#keep-name", name)
    if because:
        page.fill("#keep-because", because)
    page.click("#keep-form button[type=submit]")
    page.wait_for_selector("#kept:not([hidden]), #keep-problem:not([hidden])")
    assert page.inner_text("#keep-problem") == ""
    text = page.input_value("#kept-text")
    page.keyboard.press("Escape")
    return text


def measured(case, text):
    """Paste slices into a policy and measure them; gives the number of samples of each."""
    policy = case.folder / "kept.yaml"
    policy.write_text(f"apiVersion: seatrial/v1\ntask: {case.task}\n{text}\nrules: []\n", encoding="utf-8")
    rows = measure_slices.run(case.evaluation, case.folder / "kept", policy=policy, replicates=0).rows
    return {row.slice: row.n for row in rows if row.class_ is None}


def test_what_is_filtered_is_kept_as_a_slice_that_a_policy_measures(explorer, case):
    n = filtered(explorer, "light == 'night' and site == '<b>Ulm</b>'")
    assert 0 < n < 80
    assert explorer.locator("#gallery .card").count() == min(n, 60)
    assert measured(case, save(explorer, "slice", "ulm by night"))["ulm by night"] == n
    wrong = filtered(explorer, "light == 'night'", "wrong")
    assert measured(case, save(explorer, "slice", "missed"))["missed"] == wrong


def test_an_attribute_divides_the_choice_and_narrows_it(explorer):
    settled(explorer, lambda: explorer.click("#clear"))
    explorer.select_option("#attribute", "light")
    night = explorer.locator("#facet button", has_text="night")
    night.wait_for()
    counted = int(night.inner_text().split("\n")[1].split(" ")[0])
    settled(explorer, night.click)
    assert explorer.input_value("#where") == "`light` == 'night'"
    assert int(explorer.inner_text("#summary").split(" of ")[0]) == counted == 80


def test_a_sample_opens_is_tagged_and_finds_its_like(explorer, notes):
    filtered(explorer, "light == 'night'")
    explorer.locator("#gallery .card").first.click()
    explorer.wait_for_selector("#sample[open] img")
    image = explorer.locator("#sample img")
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") > 0
    tagged = explorer.inner_text("#sample-title")
    explorer.fill("#sample input[aria-label=tag]", "glare")
    settled(explorer, lambda: explorer.keyboard.press("Enter"))
    assert json.loads((notes / "tags.json").read_text()) == {"glare": [tagged]}
    settled(explorer, lambda: explorer.select_option("#tag", "glare"))
    assert explorer.locator("#gallery .card").count() == 1
    explorer.locator("#gallery .card").click()
    explorer.click("#sample button:has-text('like this')")
    explorer.wait_for_selector("#likeness:not([hidden])")
    assert explorer.locator("#gallery .card").count() == 60
    assert f"Most like {tagged}" in explorer.inner_text("#likeness")


def test_a_choice_becomes_a_scenario_and_a_batch_to_label(explorer, case, notes):
    n = filtered(explorer, "light == 'night'", "wrong")
    text = save(explorer, "scenario", "night watch", "the crossing of March")
    assert "the crossing of March" in text
    assert measured(case, f"scenarios: {notes / 'scenarios.yaml'}")[family_of("night watch")] == n
    files = json.loads(save(explorer, "labelling", "again", "look twice"))
    assert "labelling_queue.csv" in files
    queue = LabellingQueue.read(notes / "labelling-again")
    assert len(queue) == n
    assert set(queue.table.column("reason").to_pylist()) == {"look twice"}


def test_a_lasso_chooses_on_the_map(explorer):
    settled(explorer, lambda: explorer.click("#clear"))
    settled(explorer, lambda: explorer.click("#tab-map"))
    canvas = explorer.locator("#points canvas.points")
    canvas.wait_for(timeout=120_000)
    canvas.focus()
    for key in ("+", "+", "+"):
        explorer.keyboard.press(key)
    settled(explorer, lambda: explorer.keyboard.press("Enter"))
    assert 0 < int(explorer.inner_text("#summary").split(" of ")[0]) < 240
    assert explorer.inner_text("#chips").startswith("lasso")


def test_a_choice_that_cannot_be_made_is_told_on_the_page(explorer):
    explorer.fill("#where", "lihgt == 'night'")
    explorer.keyboard.press("Enter")
    explorer.wait_for_selector("#problem:not([hidden])")
    assert "did you mean" in explorer.inner_text("#problem")
    assert explorer.get_attribute("#problem", "role") == "alert"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anybody(explorer, scheme, barriers):
    explorer.emulate_media(color_scheme=scheme)
    for tab in ("map", "confusion", "samples"):
        settled(explorer, lambda tab=tab: explorer.click(f"#tab-{tab}"))
        assert barriers(explorer) == "[]", tab
    explorer.locator("#gallery .card").first.click()
    explorer.wait_for_selector("#sample[open]")
    assert barriers(explorer) == "[]", "a sample"
    explorer.keyboard.press("Escape")
    explorer.click("[data-save=scenario]")
    assert barriers(explorer) == "[]", "what is kept"


class TestByText:
    """OpenCLIP's embeddings: text and images in one space."""

    @pytest.fixture
    def case(self, judged):
        return judged("classification")

    @pytest.fixture
    def more(self, case, tmp_path):
        import open_clip
        import torch

        (tmp_path / "seatrial-tiny.json").write_text(json.dumps(TINY_CLIP))
        open_clip.add_model_config(tmp_path / "seatrial-tiny.json")
        torch.manual_seed(0)
        module = open_clip.create_model("seatrial-tiny")
        folder = tmp_path / "clip"
        folder.mkdir()
        preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
        config = {"model_cfg": TINY_CLIP, "preprocess_cfg": preprocess}
        (folder / "open_clip_config.json").write_text(json.dumps(config))
        torch.save(module.state_dict(), folder / "open_clip_pytorch_model.bin")
        made = embed.run(f"open_clip:{folder}", tmp_path / "index", dataset=case.dataset, device="cpu")
        return "--embeddings", str(made.folder)

    def test_what_a_text_describes_is_found(self, explorer):
        explorer.fill("#search", "a green shape by night")
        explorer.keyboard.press("Enter")
        explorer.wait_for_selector("#likeness:not([hidden])")
        assert explorer.inner_text("#likeness") == "Described best by “a green shape by night”"
        assert explorer.locator("#gallery .card").count() == 60
        assert "cosine distance" in explorer.locator("#gallery .card").first.get_attribute("aria-label")
