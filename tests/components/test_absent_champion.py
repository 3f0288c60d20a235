"""Options as text, and a champion that may not exist yet."""

import pytest

from seatrial.errors import InputError
from seatrial.gates import Decision, Outcome, Verdict
from seatrial_components.enforcement import NotPassedError, require_pass
from seatrial_components.evaluation import evaluate, evaluated, parse_options
from seatrial_components.promotion import promote


def test_no_model_leaves_a_note_that_later_steps_understand(tmp_path):
    assert evaluate("", "images:nowhere", str(tmp_path / "evaluation")) is None
    assert list((tmp_path / "evaluation").iterdir()), "object stores know no empty folders"
    assert evaluated(str(tmp_path / "evaluation")) is None


def test_folder_without_the_note_is_an_evaluation(tmp_path):
    assert evaluated(str(tmp_path)) == tmp_path


def test_empty_options_are_the_defaults():
    assert parse_options("") == parse_options("{}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "model options: not valid JSON: .* line 1 column 2"),
        ("[1]", "model options: expected a JSON object, got list"),
        ('{"output": "logits"}', "model options: output: unknown key"),
        ('{"outputs": "odds"}', "model options: outputs: .*got 'odds'"),
    ],
)
def test_options_that_are_not_valid_are_named(text, message):
    with pytest.raises(InputError, match=message):
        parse_options(text)


def _decision(outcome):
    blocking = outcome is not Outcome.PASS
    return Decision("floor", "min", "block", "all", "accuracy", outcome, "", blocking=blocking)


def _write(folder, outcome, decisions=(), problems=()):
    Verdict(outcome, tuple(decisions), {}, problems).write(folder / "verdict.json")


def test_pass_lets_the_run_succeed(tmp_path):
    _write(tmp_path, Outcome.PASS, [_decision(Outcome.PASS)])
    require_pass(str(tmp_path))


@pytest.mark.parametrize("decisions", [[], ["fail"]])
def test_a_pass_that_its_decisions_do_not_come_to_is_refused(tmp_path, decisions):
    _write(tmp_path, Outcome.PASS, [_decision(Outcome(one)) for one in decisions])
    with pytest.raises(InputError, match=r"verdict\.json: not a verdict that was decided"):
        require_pass(str(tmp_path))


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR])
def test_anything_but_a_pass_fails_the_run(tmp_path, outcome):
    _write(tmp_path, outcome, [_decision(outcome)])
    with pytest.raises(NotPassedError, match=f"the verdict is {outcome}"):
        require_pass(str(tmp_path))


def test_refusal_names_the_first_reasons_and_counts_the_rest(tmp_path):
    decisions = tuple(
        Decision("floor", "min", "block", f"s{n}", "accuracy", Outcome.FAIL, "too low", blocking=True)
        for n in range(7)
    )
    _write(tmp_path, Outcome.FAIL, decisions)
    with pytest.raises(NotPassedError, match=r"floor on s0: too low; .*floor on s4: too low; and 2 more$"):
        require_pass(str(tmp_path))


def test_nothing_moves_without_a_registered_model(tmp_path, capsys):
    assert promote(str(tmp_path), registered_model="", alias="champion").outcome == "none"
    assert "no alias moves" in capsys.readouterr().err
