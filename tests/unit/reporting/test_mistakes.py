import numpy as np
import pytest

from seatrial.reporting.focus import focus_rows
from seatrial.reporting.mistakes import mistake_groups


def columns(table, *names):
    return [np.array(table.samples.column(name).to_pylist(), dtype=object) for name in names]


def test_broken_fixed_and_wrong_are_told_apart(refused):
    inputs = refused.inputs()
    groups = {one.key: one for one in mistake_groups(inputs, {}, 48)}
    label, now = columns(refused.candidate, "label", "prediction")
    before = columns(refused.baseline, "prediction")[0]
    assert groups["broken"].total == ((before == label) & (now != label)).sum() > 0
    assert groups["fixed"].total == ((before != label) & (now == label)).sum() > 0
    assert groups["wrong"].total == ((before != label) & (now != label)).sum() > 0
    for one in groups["broken"].mistakes:
        assert one.baseline.words == one.label != one.candidate.words
        assert (one.baseline.right, one.candidate.right) == (True, False)


def test_the_order_of_the_champions_rows_does_not_matter(refused):
    turned = np.arange(len(refused.baseline))[::-1]
    baseline = type(refused.baseline)(
        refused.baseline.header, refused.baseline.samples.take(turned), refused.baseline.scores[turned]
    )
    expected = mistake_groups(refused.inputs(), {}, 20)
    assert mistake_groups(refused.inputs(baseline=baseline), {}, 20) == expected


def test_samples_of_blocking_slices_come_first_then_the_most_confident(refused):
    inputs = refused.inputs()
    focus = focus_rows(inputs)
    assert "type=mono" in focus
    broken = next(one for one in mistake_groups(inputs, focus, 400) if one.key == "broken")
    order = [(not one.focus, -one.candidate.confidence) for one in broken.mistakes]
    assert order == sorted(order)
    assert broken.focus["type=mono"] == sum("type=mono" in one.focus for one in broken.mistakes)


def test_the_focus_holds_the_rows_of_the_slice(refused):
    types = refused.candidate.samples.column("type").to_pylist()
    rows = focus_rows(refused.inputs())["type=mono"]
    assert {types[row] for row in rows} == {"mono"}
    assert len(rows) == types.count("mono")


@pytest.mark.parametrize("most", [0, 1, 7, 48])
def test_no_more_samples_are_chosen_than_asked_for(most, refused):
    groups = mistake_groups(refused.inputs(), {}, most)
    assert sum(len(one.mistakes) for one in groups) <= most


def test_without_a_champion_there_is_one_group(first):
    groups = mistake_groups(first.inputs(), {}, 10)
    assert [one.key for one in groups] == ["wrong"]
    assert groups[0].mistakes[0].baseline is None


def test_a_sample_knows_its_scores_and_attributes(refused):
    one = mistake_groups(refused.inputs(), {}, 10)[0].mistakes[0]
    said = one.candidate
    assert said.scores[0] == (said.words, pytest.approx(said.confidence))
    assert one.attributes["type"] in {"mono", "poly"}
    assert "uri" not in one.attributes
