"""The page in a real browser: its script runs, its tables fill, nothing is logged."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from seatrial.reporting import render_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium to open the page in")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=2000",
)


def browse(page: Path) -> tuple[str, list[str]]:
    """Open a page; give the document as the script left it, and what the console says."""
    command = [
        str(CHROMIUM),
        *FLAGS,
        f"--user-data-dir={page.parent / 'profile'}",
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, re.findall(r"CONSOLE.*", done.stderr)


@pytest.mark.parametrize("told", ["refused", "first", "undecided"])
def test_the_script_fills_the_page_without_a_word_on_the_console(told, request, tmp_path):
    story = request.getfixturevalue(told)
    page = tmp_path / "report.html"
    page.write_text(render_html(story.inputs()), encoding="utf-8")
    document, console = browse(page)
    assert console == []
    assert 'data-ready="yes"' in document
    table = document[document.index('id="slice-table"') :]
    table = table[: table.index("</table>")]
    assert table.count("<tr") == 1 + len({row.slice for row in story.slices.rows})
    assert 'class="heat"' in document


def test_it_runs_in_a_sandboxed_frame_that_has_no_origin(refused, tmp_path):
    inner = render_html(refused.inputs()).replace("&", "&amp;").replace('"', "&quot;")
    page = tmp_path / "frame.html"
    page.write_text(
        f'<!doctype html><iframe sandbox="allow-scripts" srcdoc="{inner}"></iframe>', encoding="utf-8"
    )
    _, console = browse(page)
    assert console == []  # an error in the frame would be told here, too
