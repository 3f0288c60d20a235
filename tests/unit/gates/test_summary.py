from datetime import date

import pytest

from seatrial.gates import summarise

FLOOR = "id: floor, type: min, metric: accuracy, slice: site, value: 0.8"
HOSTILE = "site=<b>|`x`\n# *B7* \x1b[31m\u202e_y_ [a](javascript:1)"


def test_the_first_line_is_the_outcome_and_why(judge, row):
    text = summarise(judge(FLOOR, rows=[row("site=a", value=0.5)]))
    assert text.splitlines()[0] == (
        "**FAIL**: slice site=a: accuracy 50.0 % (95 % interval 47.0 % to 53.0 %, n = 400): even the upper "
        "bound is below 80 % \\[rule floor\\]"
    )


def test_what_refuses_comes_first_in_the_table(judge, row):
    rows = [row("site=a", value=0.9), row("site=b", value=0.5)]
    lines = summarise(judge(FLOOR, rows=rows)).splitlines()
    table = [line for line in lines if line.startswith("| ")]
    assert table[1].startswith("| **FAIL** | floor | site=b | accuracy |")
    assert table[2].startswith("| pass | floor | site=a | accuracy |")


def test_hostile_names_stay_text_in_one_cell(judge, row):
    text = summarise(judge(FLOOR, rows=[row(HOSTILE, family="site", value=0.5)]))
    (line,) = [line for line in text.splitlines() if line.startswith("| **FAIL**")]
    assert line.replace("\\|", "").count("|") == 6
    assert "<b>" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[a]" not in text


def test_a_long_table_is_cut_and_counted(judge, row):
    text = summarise(judge(FLOOR, rows=[row(f"site={index}", value=0.9) for index in range(250)]))
    assert "… and 50 more decisions in verdict.json." in text


@pytest.mark.parametrize("today", ["2026-06-01", "2026-08-01"])
def test_waivers_are_told(judge, row, today):
    waiver = '[{rule: floor, slice: "site=a", owner: Ann, reason: known, expires: 2026-07-01}]'
    verdict = judge(FLOOR, rows=[row("site=a", value=0.5)], waivers=waiver, today=date.fromisoformat(today))
    text = summarise(verdict)
    assert ("| pass (waived) |" in text) == (today == "2026-06-01")
    assert ("expired on 2026-07-01 and does not apply" in text) == (today == "2026-08-01")
