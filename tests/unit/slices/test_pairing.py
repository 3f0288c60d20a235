import re

import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices.pairing import pair


def test_a_champion_in_another_order_of_rows_and_classes_is_brought_into_the_candidates(evaluation):
    candidate = evaluation(20, seed=1)
    champion = evaluation(20, seed=2, classes=("owl", "cat", "dog"))
    order = list(reversed(range(20)))
    shuffled = type(champion)(champion.header, champion.samples.take(pa.array(order)), champion.scores[order])
    paired = pair(candidate, shuffled).baseline
    assert paired.samples.equals(champion.samples)
    assert paired.header.classes == ("cat", "dog", "owl")
    assert paired.scores.tolist() == champion.scores[:, [1, 2, 0]].tolist()


def test_another_set_of_classes_is_an_error(evaluation):
    champion = evaluation(classes=("cat", "dog", "owl", "yak"))
    with pytest.raises(InputError, match=r"the same classes \(in any order\): only the champion knows 'yak'"):
        pair(evaluation(), champion)


def test_an_id_that_occurs_twice_is_an_error(evaluation):
    champion = evaluation(5)
    twice = type(champion)(champion.header, pa.concat_tables([champion.samples, champion.samples]))
    with pytest.raises(InputError, match="the champion's evaluation has ids more than once: 'i0', 'i1'"):
        pair(evaluation(5), twice)


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        (
            {},
            {"dataset_digest": "sha256:farm"},
            r"the data sets differ: candidate on 'zoo' \(sha256:zoo\), champion",
        ),
        ({"failed": ["i3"]}, {}, "1 images could not be read for the candidate alone: 'i3'"),
        ({}, {"failed": ["i3", "i4"]}, "2 images could not be read for the champion alone: 'i3', 'i4'"),
        ({"n": 61}, {}, "1 images are missing in the evaluation of the champion alone: 'i60'"),
        ({"labels": ["cat"] * 60}, {"labels": ["dog"] + ["cat"] * 59}, '1 samples have another label: "i0: '),
        ({"groups": ["a"] * 60}, {}, "60 samples have another group"),
    ],
)
def test_samples_that_differ_are_never_intersected(evaluation, ours, theirs, problem):
    pairing = pair(evaluation(**ours), evaluation(**theirs))
    assert pairing.baseline is None
    assert re.search(problem, "; ".join(pairing.problems))


def test_an_image_that_failed_for_both_is_no_difference(evaluation):
    pairing = pair(evaluation(failed=["i3"]), evaluation(seed=2, failed=["i3"]))
    assert pairing.problems == ()
    assert len(pairing.baseline) == 59
