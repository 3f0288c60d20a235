import pytest

from seatrial.reporting import FoundGroups
from seatrial.reporting.focus import focus_rows
from seatrial.reporting.mistakes import mistake_groups
from seatrial.reporting.next_steps import next_steps
from seatrial.steps import find_blind_spots


def steps_of(story):
    inputs = story.inputs()
    return next_steps(inputs, mistake_groups(inputs, focus_rows(inputs), 48))


def test_a_regression_points_at_the_images_that_were_right_before(refused):
    first = steps_of(refused)[0]
    inputs = refused.inputs()
    broken = mistake_groups(inputs, focus_rows(inputs), 48)[0]
    assert first.subject == "type=mono"
    assert f"Look at the {broken.focus['type=mono']} images" in first.action
    assert "proven worse" in first.why


def test_an_open_question_asks_for_labels(undecided):
    assert any("more evaluation image" in one.action for one in steps_of(undecided))


def test_a_pass_says_promote_and_a_crashed_check_is_to_be_repaired(passed):
    actions = [one.action for one in steps_of(passed)]
    assert actions[0].startswith("Promote the candidate")
    assert any("crashed" in one for one in actions)


def test_there_are_at_most_eight_steps_and_none_twice(refused, passed, undecided, first):
    for story in (refused, passed, undecided, first):
        steps = steps_of(story)
        assert len(steps) <= 8
        assert len({(one.subject, one.action) for one in steps}) == len(steps)


def test_what_is_too_high_is_to_be_lowered(story):
    rules = "\n  - {id: sure, type: max, metric: log_loss, value: 0.01, severity: block}\n"
    told = story(before=None, now={"mono": 3.0, "poly": 3.0}, rules=rules)
    assert steps_of(told)[0].action.startswith("Lower log loss here")


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_of_images_that_are_right_in_part_it_says_that_they_got_worse(task, request):
    inputs = request.getfixturevalue(task)
    steps = next_steps(inputs, mistake_groups(inputs, focus_rows(inputs), 48))
    assert steps[0].subject == "light=night"
    assert steps[0].action.startswith("Look at the 12 images here on which the candidate does worse")


def test_the_cause_of_a_group_says_what_to_do_and_what_nobody_explains_does_not(refused, tmp_path):
    refused.candidate.write(tmp_path / "evaluation")
    find_blind_spots.run(tmp_path / "evaluation", tmp_path / "found")
    found = FoundGroups.read(tmp_path / "found")
    group = found.confirmed[0]
    for cause, words in (("rare", "Collect: label more samples like this."), ("unexplained", None)):
        group["cause"] = {"cause": cause, "action": "collect: label more samples like this", "reason": "few"}
        inputs = refused.inputs(found=found)
        steps = [one for one in next_steps(inputs, []) if one.subject == group["title"]]
        assert [one.action for one in steps] == ([words] if words else [])
