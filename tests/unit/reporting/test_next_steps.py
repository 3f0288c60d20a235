from seatrial.reporting.focus import focus_rows
from seatrial.reporting.mistakes import mistake_groups
from seatrial.reporting.next_steps import next_steps


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
