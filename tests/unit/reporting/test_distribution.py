from collections import Counter

from seatrial.reporting.distribution import class_distribution


def test_a_classifiers_classes_are_counted_in_truth_and_in_what_both_models_say(refused):
    found = {one.name: one for one in class_distribution(refused.inputs())}
    truths, now, before = (
        Counter(table.samples.column(column).to_pylist())
        for table, column in (
            (refused.candidate, "label"),
            (refused.candidate, "prediction"),
            (refused.baseline, "prediction"),
        )
    )
    assert {name: (one.truths, one.predictions, one.before) for name, one in found.items()} == {
        name: (str(truths[name]), str(now[name]), str(before[name])) for name in truths
    }
    assert max(one.width_truths for one in found.values()) <= 1


def test_a_share_of_images_says_its_interval_and_its_n(refused):
    hover = class_distribution(refused.inputs())[0].hover.replace("\u202f", " ")
    assert "of n = 240 images are" in hover
    assert hover.count("95 % interval") == 2


def test_of_many_classes_those_are_listed_that_are_miscounted(story, cells):
    many = tuple(f"c{index:03}" for index in range(120))
    labels = [many[index % 120] for index in range(len(cells))]
    samples = cells.set_column(cells.column_names.index("label"), "label", [labels])
    told = story(samples=samples, before=None, now={"mono": 2.0, "poly": 2.0}, classes=many)
    found = class_distribution(told.inputs())
    assert len(found) == 40
    truths = Counter(told.candidate.samples.column("label").to_pylist())
    said = Counter(told.candidate.samples.column("prediction").to_pylist())
    worst = sorted((abs(truths[name] - said[name]) for name in many), reverse=True)[:40]
    assert sorted((abs(truths[one.name] - said[one.name]) for one in found), reverse=True) == worst
