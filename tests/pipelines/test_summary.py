"""The last words of a run, and its exit code."""

import pytest

from seatrial.errors import InputError
from seatrial.gates import Decision, Outcome, Verdict
from seatrial_pipelines.local import LocalRun
from seatrial_pipelines.narrator import StepFailure
from seatrial_pipelines.summary import conclude, summarise

INPUTS = {"candidate": {"model": "models:/solar/2"}, "baseline": {"model": "models:/solar/1"}}


def _decision(number: int, outcome: Outcome, *, blocking: bool = False) -> Decision:
    return Decision("floor", "min", "block", f"s{number}", "accuracy", outcome, "why", blocking=blocking)


def _finished(verdict: Verdict | None = None, failure: StepFailure | None = None, **outputs) -> LocalRun:
    tasks = ("publish-run", "promote-model") if verdict and verdict.promotes else ("publish-run",)
    return LocalRun(verdict, failure, outputs, tasks)


def _failure(task: str, line: str) -> StepFailure:
    return StepFailure(task, ["Traceback (most recent call last):", "  File x", line])


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.PASS, 0), (Outcome.FAIL, 1), (Outcome.INCONCLUSIVE, 3), (Outcome.ERROR, 4)],
)
def test_outcome_is_the_exit_code(outcome, code, tmp_path):
    assert conclude(_finished(Verdict(outcome, (), INPUTS)), tmp_path, "")[0] == code


def test_refused_input_is_raised_as_the_step_said_it(tmp_path):
    failure = _failure("check-data", "seatrial.errors.InputError: no such folder: x")
    with pytest.raises(InputError, match=r"^no such folder: x$"):
        conclude(_finished(failure=failure), tmp_path, "")


def test_crash_names_step_error_and_log(tmp_path):
    code, text = conclude(_finished(failure=_failure("check-data", "KeyError: 'x'")), tmp_path, "")
    assert code == 4
    assert text == f"step 'check data' failed: KeyError: 'x'\nthe whole log is in {tmp_path / 'run.log'}"


def test_failure_after_the_verdict_tells_both(tmp_path):
    failure = _failure("publish-run", "seatrial.errors.ServiceError: MLflow does not answer")
    code, text = conclude(_finished(Verdict(Outcome.FAIL, (), INPUTS), failure), tmp_path, "")
    assert code == 2
    assert " REFUSED " in text
    assert "step 'publish run' failed: MLflow does not answer" in text


def test_promotion_that_the_registry_refuses_is_no_pass(tmp_path):
    failure = _failure("promote-model", "seatrial_mlflow.promote_model.RefusedError: the champion moved")
    code, text = conclude(_finished(Verdict(Outcome.PASS, (), INPUTS), failure), tmp_path, "")
    assert code == 4
    assert "the champion moved" in text


def test_pass_without_a_promotion_step_is_no_pass(tmp_path):
    run = LocalRun(Verdict(Outcome.PASS, (), INPUTS), None, {}, ("publish-run",))
    code, text = conclude(run, tmp_path, "")
    assert code == 4
    assert "nothing was promoted" in text


def test_run_without_verdict_is_an_error(tmp_path):
    assert conclude(_finished(), tmp_path, "")[0] == 4


def test_address_of_the_record_is_shown_or_where_it_is(tmp_path):
    verdict = Verdict(Outcome.FAIL, (), INPUTS)
    web = _finished(verdict, **{"publish-run": {"run_id": "0a", "url": "http://x/#/runs/0a"}})
    file = _finished(verdict, **{"publish-run": {"run_id": "0a", "url": ""}})
    assert "mlflow    http://x/#/runs/0a" in conclude(web, tmp_path, "sqlite:///m.db")[1]
    assert "mlflow    run 0a in sqlite:///m.db" in conclude(file, tmp_path, "sqlite:///m.db")[1]


def test_what_blocks_comes_first_and_is_cut_with_a_count(tmp_path):
    decisions = (
        *(_decision(n, Outcome.FAIL, blocking=True) for n in range(12)),
        *(_decision(n, Outcome.INCONCLUSIVE) for n in range(20, 27)),
        _decision(99, Outcome.PASS),
    )
    lines = summarise(Verdict(Outcome.FAIL, decisions, INPUTS), tmp_path).splitlines()
    assert "models:/solar/2 against models:/solar/1" in lines[0]
    assert sum("floor on s" in line for line in lines) == 15
    assert "… and 2 more, see the report" in lines[12]
    assert any("… and 2 more that do not block" in line for line in lines)
    assert any("1 of 20 decisions passed" in line for line in lines)


def test_problems_are_told_where_no_rule_says_so(tmp_path):
    verdict = Verdict(Outcome.ERROR, (), {"candidate": {"model": "m"}}, ("sample sets differ",))
    text = summarise(verdict, tmp_path)
    assert "sample sets differ" in text
    assert "with no champion to compare with" in text


def test_names_from_the_data_cannot_command_the_terminal(tmp_path):
    decision = Decision(
        "floor", "min", "block", "site=\x1b[2J\n[red]", "accuracy", Outcome.FAIL, "w\x07hy", blocking=True
    )
    text = summarise(Verdict(Outcome.FAIL, (decision,), INPUTS), tmp_path)
    assert "floor on site=\ufffd[2J [red]: w\ufffdhy" in text


def test_passwords_in_the_address_of_the_server_are_not_shown(tmp_path):
    finished = _finished(Verdict(Outcome.FAIL, (), INPUTS), **{"publish-run": {"run_id": "r1", "url": ""}})
    assert "run r1 in postgresql://***@db/x" in conclude(finished, tmp_path, "postgresql://u:pw@db/x")[1]
