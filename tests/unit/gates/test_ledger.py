"""The test-set ledger: each use of a data set is counted and judged at what is left of alpha."""

import json
from dataclasses import dataclass
from math import pi

import pytest

from seatrial.errors import InputError
from seatrial.gates import Outcome
from seatrial.gates.ledger import Use, number_of, open_ledger, use_of
from seatrial.gates.uses_file import UsesFile

PASSES = "id: a, type: min, metric: accuracy, value: 0.8"
LIMITED = "{max_uses: 3}"


@dataclass
class Counted:
    """Uses that somebody else counted."""

    ids: tuple[str, ...]

    def uses(self, dataset):
        return self.ids


def test_a_new_use_has_the_next_number_and_a_repeated_one_keeps_its_own():
    source = Counted(("one", "two", "one"))
    assert [number_of(Use("d", name), source) for name in ("one", "two", "three")] == [1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"candidate": {"digest": "sha256:other"}},
        {"candidate": {"digest": "sha256:candidate", "options": "sha256:crop"}},
        {"baseline": None},
        {"dataset": {"digest": "sha256:more"}},
    ],
)
def test_another_model_champion_or_data_set_is_another_use(policy, report, change):
    one = policy(PASSES)
    assert use_of(one, report().header) != use_of(one, report(**change).header)


def test_another_question_is_another_use_but_a_waiver_asks_nothing(policy, report):
    header = report().header
    waived = policy(PASSES, waivers="[{rule: a, owner: Ann, reason: known, expires: 2027-01-01}]")
    assert use_of(policy(PASSES), header) == use_of(waived, header)
    assert use_of(policy(PASSES), header) != use_of(policy(f"{PASSES}1"), header)


@pytest.mark.parametrize("use", [1, 2, 3])
def test_the_kth_use_is_judged_at_its_share_of_alpha(policy, report, row, judge_use, use):
    confidence = 1 - 6 * 0.05 / (pi**2 * use**2)
    assert judge_use(use, report(row(), confidence=confidence, replicates=3000)).outcome is Outcome.PASS
    verdict = judge_use(use, report(row(), confidence=0.95))
    assert verdict.outcome is Outcome.ERROR
    assert f"alpha {1 - confidence:g} of use {use} of the data set asks for" in verdict.problems[0]


@pytest.fixture
def judge_use(policy):
    from datetime import date

    from seatrial.gates import decide

    def make(use, measured, dataset=LIMITED):
        limited = policy(PASSES, dataset=dataset)
        return decide(limited, measured, today=date(2026, 6, 15), inputs={}, use=use)

    return make


def test_a_use_beyond_the_limit_is_an_error(report, row, judge_use):
    verdict = judge_use(4, report(row(), confidence=1 - 6 * 0.05 / (pi**2 * 16), replicates=9000))
    assert verdict.outcome is Outcome.ERROR
    assert "use 4 of the data set 'val', the policy allows at most 3" in verdict.problems[0]


def test_a_limit_without_a_ledger_is_an_error(report, row, judge_use):
    verdict = judge_use(None, report(row()))
    assert verdict.outcome is Outcome.ERROR
    assert "nothing says which one this is" in verdict.problems[0]


def test_without_a_limit_alpha_is_not_spent(report, row, judge_use):
    assert judge_use(7, report(row()), dataset="{}").outcome is Outcome.PASS


def test_more_replicates_are_needed_where_little_of_alpha_is_left(policy):
    statistics = policy(PASSES).statistics
    assert statistics.replicates_at(0.05) == 1000
    assert statistics.replicates_at(0.0005) == 1999
    assert (statistics.replicates_at(0.00033) + 1) * 0.00033 >= 1


def test_a_file_counts_each_use_once_and_each_data_set_by_itself(tmp_path):
    ledger = UsesFile(tmp_path / "deep" / "uses.jsonl")
    assert ledger.uses("d") == []
    ledger.record("d", "one", 1, {"candidate": "sha256:1"})
    ledger.record("d", "one", 1, {})
    ledger.record("other", "one", 1, {})
    ledger.record("d", "two", 2, {})
    assert ledger.uses("d") == ["one", "two"]
    lines = [json.loads(line) for line in ledger.path.read_text().splitlines()]
    assert [line["dataset"] for line in lines] == ["d", "other", "d"]
    assert lines[0]["candidate"] == "sha256:1"


def test_a_number_that_another_use_took_meanwhile_is_an_error(tmp_path):
    ledger = UsesFile(tmp_path / "uses.jsonl")
    ledger.record("d", "one", 1, {})
    with pytest.raises(InputError, match="judged as use 1 of the data set, but 1 are counted by now"):
        ledger.record("d", "two", 1, {})


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda lines: [lines[0], lines[2]], "uses.jsonl:2: does not follow"),
        (lambda lines: lines[1:], "uses.jsonl:1: does not follow"),
        (lambda lines: [lines[0].replace("one", "uno"), *lines[1:]], "uses.jsonl:2: does not follow"),
        (lambda lines: [*lines, "{}\n"], "uses.jsonl:4: not a use of a data set: expected a key 'dataset'"),
        (lambda lines: [*lines, '{"dataset": "d", "us'], "uses.jsonl:4: not a use of a data set"),
        (lambda lines: [*lines, "[]\n"], "uses.jsonl:4: not a use of a data set"),
    ],
)
def test_a_file_that_was_edited_is_an_error(tmp_path, edit, problem):
    ledger = UsesFile(tmp_path / "uses.jsonl")
    for number, name in enumerate(("one", "two", "three"), start=1):
        ledger.record("d", name, number, {})
    ledger.path.write_text("".join(edit(ledger.path.read_text().splitlines(keepends=True))))
    with pytest.raises(InputError, match=problem):
        ledger.uses("d")


def test_a_ledger_is_a_file_or_a_place_that_is_installed(tmp_path):
    assert open_ledger(str(tmp_path / "uses.jsonl")) == UsesFile(tmp_path / "uses.jsonl")
    with pytest.raises(InputError, match="expected a file or one of .*got 'wandb:x'"):
        open_ledger("wandb:x")
    with pytest.raises(InputError, match="got nothing"):
        open_ledger("")
