"""Copies, leaks and damage planted among real photographs are found, and nothing else is."""

import importlib
import sys
from pathlib import Path

import pytest

from seatrial.steps import check_data

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def planting():
    """The generator of the benchmark ``planted_images``, which lies beside the tests."""
    root = str(Path(__file__).parents[3])
    sys.path.insert(0, root)
    yield importlib.import_module("benchmarks.planted_images")
    sys.path.remove(root)


@pytest.fixture(scope="module")
def found(planting, shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    planted = planting.plant(folder, shared_data / "sign_digits" / "Dataset", each=6, photos=500)
    report = check_data.run(
        f"images:{planted.val}", folder / "out", reference=f"images:{planted.train}", only=planting.CHECKS
    )
    return planted, report


def groups(report, *checks):
    return [set(one.sample_ids) for one in report.findings if one.check in checks]


def test_every_planted_copy_is_in_a_group_with_its_original_and_no_group_is_of_others(found):
    planted, report = found
    pairs = [set(pair) for some in planted.copies.values() for pair in some]
    grouped = groups(report, "exact_duplicates", "near_duplicates")
    missed = [pair for pair in pairs if not any(pair <= group for group in grouped)]
    strange = [group for group in grouped if not any(pair <= group for pair in pairs)]
    assert (missed, strange) == ([], [])


def test_every_planted_leak_is_found_and_no_other_sample(found):
    planted, report = found
    leaked = {one for some in planted.leaks.values() for one in some}
    assert set().union(*groups(report, "split_leakage", "near_leakage")) == leaked


def test_every_damage_is_told_by_its_check(found, planting):
    planted, report = found
    for kind, (_, check, _) in planting.DAMAGE.items():
        told = set().union(*groups(report, check))
        assert set(planted.damaged[kind]) <= told, kind
        assert told <= planting.not_sound(planted, check), kind
