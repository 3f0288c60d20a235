"""No flipped comparison, ``and``/``or`` or ``not`` in the rules goes unnoticed."""

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

MODULES = (
    "bounds",
    "margins",
    "regression",
    "families",
    "checks",
    "soundness",
    "waivers",
    "decide",
    "drafting",
    "conformity",
    "evidence",
    "ratchet",
)

_AT_LEAST_ONE = "a bound on the limit needs no sample more, and what lacks to the fewest is at least one"

#: Mutants that no report can tell apart, and why.
EQUIVALENT = {
    "drafting: numbers['low'] <= limit <= numbers['high'] → numbers['low'] < limit <= numbers['high']": (
        _AT_LEAST_ONE
    ),
    "drafting: numbers['low'] <= limit <= numbers['high'] → numbers['low'] <= limit < numbers['high']": (
        _AT_LEAST_ONE
    ),
}


def _beside(name):
    """Import a module that lies beside this one."""
    known = f"tests_mutation_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, Path(__file__).parent / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        spec.loader.exec_module(module)
    return sys.modules[known]


CASES = _beside("cases").CASES


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_case_comes_out_as_it_has_to(case):
    verdict = case.verdict()
    outcomes = " ".join(str(one.outcome) for one in verdict.decisions)
    assert f"{verdict.outcome}: {outcomes}" == case.expected
    assert verdict.contradiction() is None


def _seen(case):
    """What a reader of the verdict sees, and of the judgement of the data alone; a crash is seen, too."""
    return _attempt(lambda: _of_verdict(case.verdict())), _attempt(case.judged_data)


def _of_verdict(verdict):
    return verdict.outcome, verdict.decisions, verdict.problems, verdict.notes


def _attempt(look):
    try:
        return repr(look())
    except Exception as error:  # noqa: BLE001 - a mutant may break anything
        return repr(error)


@pytest.mark.parametrize("name", MODULES)
def test_no_mutant_of_a_rule_survives(name):
    module = importlib.import_module(f"seatrial.gates.{name}")
    expected = [_seen(case) for case in CASES]
    tried, survivors = 0, []
    for mutant in _beside("mutants").mutants(module):
        tried += 1
        with mutant.alive():
            killed = any(_seen(case) != seen for case, seen in zip(CASES, expected, strict=True))
        if not killed:
            survivors.append(f"{name}: {mutant.before} → {mutant.after}")
    assert tried > 0
    assert sorted(set(survivors) - set(EQUIVALENT)) == []
    explained = {one for one in EQUIVALENT if one.startswith(f"{name}: ")}
    assert explained <= set(survivors)
