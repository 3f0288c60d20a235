"""The model's classes become the data set's, and what has no counterpart is told."""

import pyarrow as pa
import pytest

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError
from seatrial.inference import ModelOptions
from seatrial.inference.class_map import ClassMap


def _map(**fields):
    table = pa.table(
        {"id": ["a"], "uri": ["a.png"], "mask": ["a.png"], "mask_content": ["x"], "group": ["g"]}
    )
    manifest = DatasetManifest("rooms", "segmentation", ("sofa", "tv"), table)
    return ClassMap.of(ModelOptions.parse(fields, "test"), manifest)


def test_without_names_of_its_own_a_model_has_those_of_the_data_set():
    assert _map().codes.tolist() == [0, 1]


def test_a_model_may_know_more_in_another_order_under_other_names():
    found = _map(classes=["tv", "dog", "couch"], class_map={"couch": "sofa"})
    assert found.codes.tolist() == [1, -1, 0]
    assert found.all_classes == ("sofa", "tv", "dog")


def test_several_classes_may_be_one():
    found = _map(classes=["couch", "bench", "tv"], class_map={"couch": "sofa", "bench": "sofa"})
    assert found.codes.tolist() == [0, 0, 1]


def test_known_lists_go_by_name():
    found = _map(classes="coco80", class_map={"couch": "sofa"})
    assert (len(found.model), found.codes[62], found.codes[57]) == (80, 1, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"classes": ["tv", "couch"]},
            "the model has no class for 'sofa'; map its classes .*'couch'.* class_map",
        ),
        ({"classes": ["tvs", "sofa"]}, "no class for 'tv'; did you mean 'tvs'"),
        (
            {"classes": ["sofa", "tv"], "class_map": {"couch": "sofa"}},
            "expected a class of the model .* 'couch'",
        ),
        ({"class_map": {"tv": "telly"}}, "class_map, 'tv': expected a class of the data set .* 'telly'"),
        ({"classes": ["dog"], "allow_missing_classes": True}, "the model has no class for 'sofa', 'tv'"),
    ],
)
def test_classes_that_do_not_meet_are_named(fields, message):
    with pytest.raises(InputError, match=message):
        _map(**fields)


def test_a_model_that_knows_less_misses_the_rest_where_that_is_allowed():
    assert _map(classes=["tv"], allow_missing_classes=True).codes.tolist() == [1]
