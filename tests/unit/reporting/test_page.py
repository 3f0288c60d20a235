import json
import re
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.gates import Outcome
from seatrial.reporting import render_html
from seatrial.slices import SliceReport


class Page(HTMLParser):
    """Collects text, tags and attributes as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open = tag

    def handle_data(self, data):
        if self.open not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split()).replace("\u202f", " ")


def embedded(html: str):
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_the_same_inputs_give_the_same_bytes(refused):
    assert render_html(refused.inputs()) == render_html(refused.inputs())


def test_it_answers_in_the_order_in_which_people_ask(refused):
    html = render_html(refused.inputs())
    places = [html.index(f'id="{one}"') for one in ("verdict", "worse", "where", "why", "next", "inputs")]
    assert places == sorted(places)


def test_a_refusal_names_the_slice_the_difference_its_interval_and_the_samples(refused):
    assert refused.verdict.outcome is Outcome.FAIL
    text = Page(render_html(refused.inputs())).text
    row = refused.slices.find("type=mono", "accuracy")
    banner = text[text.index("May it go live?") : text.index("On everything")]
    assert "No." in banner
    assert "type=mono" in banner
    assert f"{abs(row.difference.value) * 100:.1f} points below the champion’s" in banner
    assert f"{row.difference.low * 100:.1f} to".replace("-", "−") in banner
    assert f"n = {row.difference.n}" in banner


def test_a_pass_says_yes_and_how_many_decisions_carry_it(passed):
    assert passed.verdict.outcome is Outcome.PASS
    text = Page(render_html(passed.inputs())).text
    assert "Yes. All blocking rules pass: 4 decisions of 3 blocking rules." in text


def test_an_inconclusive_verdict_says_how_many_more_samples_would_decide(undecided):
    assert undecided.verdict.outcome is Outcome.INCONCLUSIVE
    text = Page(render_html(undecided.inputs())).text
    assert "Cannot say yet." in text
    assert re.search(r"About [\d ]+ more samples? would decide it", text)


def test_a_crashed_check_makes_it_unjudgeable_and_is_shown(story):
    rule = "  - {id: drift, type: data, check: drift, max_count: 0, severity: block}\n"
    told = story(before={"mono": 2.0, "poly": 2.0}, now={"mono": 2.0, "poly": 2.0}, rules=rule)
    text = Page(render_html(told.inputs())).text
    assert "Could not be judged. drift check 'drift' crashed: ValueError" in text
    assert "Crashed" in text
    assert "no reference was given" in text


def test_without_a_champion_nothing_is_compared(first):
    html = render_html(first.inputs())
    assert "There is no champion to compare with" in html
    assert "none yet" in html
    assert embedded(html)["champion"] is False


def test_a_waived_failure_is_shown_as_waived_with_its_owner(refused):
    text = Page(render_html(refused.inputs())).text
    assert "waived by Ada until 2026-12-01 (the twins are known)" in text
    assert "Repair before 2026-12-01" in text


def test_it_fetches_nothing(refused):
    html = render_html(refused.inputs())
    for tag, attributes in Page(html).tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            address = attributes.get(name)
            assert address is None or address.startswith(("data:image/jpeg;base64,", "#")), (tag, address)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(", html)


def test_the_content_security_policy_lets_only_its_own_script_run(refused):
    html = render_html(refused.inputs())
    metas = [attributes for tag, attributes in Page(html).tags if tag == "meta"]
    policy = next(one["content"] for one in metas if one.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "img-src data:" in policy
    assert not any(name.startswith("on") or name == "style" for _, a in Page(html).tags for name in a)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(2)</script>",
    "\u202etxt.exe",
    "nul\x00\x1b[31m",
    "long" * 5000,
    "{{ 7 * 7 }}",
    "line\u2028break",
)


def test_hostile_metadata_shows_as_text(cells, refused, story):
    columns = {name: cells.column(name) for name in cells.column_names}
    columns["site"] = pa.array([HOSTILE[row % len(HOSTILE)] for row in range(len(cells))])
    columns["id"] = pa.array([f"{HOSTILE[row % len(HOSTILE)]}{row}" for row in range(len(cells))])
    classes = ("<script>alert('a')</script>", "</script>")
    columns["label"] = pa.array([classes[one == "defective"] for one in cells.column("label").to_pylist()])
    from_hostile = story(
        before={"mono": 4.0, "poly": 1.0},
        now={"mono": 1.0, "poly": 4.0},
        classes=classes,
        samples=pa.table(columns),
    )
    html = render_html(from_hostile.inputs())
    plain = render_html(refused.inputs())
    page = Page(html)
    for tag in ("script", "img", "iframe", "style"):
        found = [attributes for name, attributes in page.tags if name == tag]
        assert not any("onerror" in attributes for attributes in found)
        if tag != "img":
            assert len(found) == sum(name == tag for name, _ in Page(plain).tags), tag
    assert "<script>alert('a')</script>" in page.text
    assert "49" not in [word for word in page.words if word.strip() == "49"]
    assert "\x00" not in html
    assert "\x1b" not in html
    assert embedded(html)["classes"] == list(classes)
    assert len(html) < 3 * len(plain)


def test_images_stay_within_their_budget(refused):
    for count, size in ((4, 10**6), (48, 5_000), (0, 10**6), (10, 0)):
        html = render_html(refused.inputs(images=count, image_bytes=size))
        sources = set(re.findall(r'src="(data:image[^"]+)"', html))
        assert len(sources) <= count
        assert sum(map(len, sources)) <= size


def test_every_picture_is_embedded_when_the_budget_allows(refused):
    html = render_html(refused.inputs())
    assert html.count("data:image/jpeg;base64,") > 10
    assert "no image" not in Page(html).text


def test_missing_images_are_tolerated_and_counted(refused, tmp_path):
    samples = refused.candidate.samples
    gone = pa.array([str(tmp_path / "gone.png")] * len(samples))
    samples = samples.set_column(samples.column_names.index("uri"), "uri", gone)
    candidate = type(refused.candidate)(refused.candidate.header, samples, refused.candidate.scores)
    html = render_html(refused.inputs(candidate=candidate))
    assert "data:image" not in html
    assert "1 images could not be read (no such file)" in Page(html).text


def test_predictions_without_images_are_shown_as_words(refused):
    samples = refused.candidate.samples
    nothing = pa.array([None] * len(samples), pa.string())
    samples = samples.set_column(samples.column_names.index("uri"), "uri", nothing)
    candidate = type(refused.candidate)(refused.candidate.header, samples, None)
    html = render_html(refused.inputs(candidate=candidate))
    assert 'class="gallery words"' in html
    assert "36 samples have no image, only a prediction." in Page(html).text


def test_an_unwatched_data_set_is_said_to_be_unwatched(refused):
    assert "The data checks were not run" in render_html(refused.inputs(quality=None))


def test_a_local_folder_is_not_told(refused, cells):
    folder = cells.column("uri")[0].as_py().rsplit("/", 1)[0]
    assert folder not in render_html(refused.inputs())


def test_a_slice_report_of_another_data_set_is_refused(refused):
    header = refused.slices.header | {"dataset": {"name": "other", "digest": "sha256:other", "n": 3}}
    other = SliceReport(header, refused.slices.rows)
    with pytest.raises(InputError, match="the slice report is of data set sha256:other, the evaluation of"):
        refused.inputs(slices=other)


def test_a_negative_budget_is_refused(refused):
    with pytest.raises(InputError, match="expected an image budget of at least 0, got -1 images"):
        refused.inputs(images=-1)


def test_a_report_without_any_row_still_renders(refused):
    empty = SliceReport(refused.slices.header, ())
    assert "No slice could be compared" in render_html(
        refused.inputs(slices=empty)
    ) or "no champion" in render_html(refused.inputs(slices=empty))


def test_checks_that_found_nothing_are_named_in_one_line(refused):
    text = Page(render_html(refused.inputs())).text
    assert re.search(r"Nothing found broken\b", text)


def test_pages_beside_the_report_are_named_and_can_be_opened_where_they_lie_below_it(refused):
    named = 'Data Docs</bdi> (<code data-page="out/quality/data_docs/index.html">data_docs/index.html</code>)'
    assert named in render_html(refused.inputs(pages="out/quality"))
    assert "Data Docs</bdi> (<code>data_docs/index.html</code>)" in render_html(refused.inputs())
