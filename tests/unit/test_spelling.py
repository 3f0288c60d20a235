"""A mistyped word is answered with the known ones and the one that was likely meant."""

from seatrial.spelling import did_you_mean, one_of, unknown

KNOWN = ("accuracy", "recall", "Site")


def test_the_nearest_word_is_offered_whatever_its_case():
    assert did_you_mean("acuracy", KNOWN) == "; did you mean 'accuracy'?"
    assert did_you_mean("SITE", KNOWN) == "; did you mean 'Site'?"


def test_a_word_like_none_gets_no_offer_but_the_list():
    assert did_you_mean("zzz", KNOWN) == ""
    assert unknown("metric", "zzz", KNOWN) == (
        "unknown metric 'zzz': expected one of 'accuracy', 'recall', 'Site'"
    )


def test_a_long_list_is_cut_and_counted():
    message = one_of("zzz", [f"class {number}" for number in range(20)], "a class")
    assert message.endswith("class 15 and 4 more), got 'zzz'")
