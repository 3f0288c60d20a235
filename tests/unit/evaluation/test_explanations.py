"""Explanations are read as they were written, and joined to the evaluation that they are of."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EXPLANATION_SCHEMA, EvaluationHeader, EvaluationTable, Explanations
from seatrial.evaluation.explained import with_off_core

HEADER = {
    "model": "m",
    "model_digest": "sha256:m",
    "dataset": "d",
    "dataset_digest": "sha256:d",
    "method": "activation",
    "core": "boxes",
    "core_digest": "sha256:c",
    "side": 2,
    "asked": {"draw": 3, "seed": 7, "per_cell": 20},
}


def explanations(*rows, **header):
    usual = {"drawn": True, "side": 2}
    table = pa.Table.from_pylist([{**usual, **row} for row in rows], EXPLANATION_SCHEMA)
    return Explanations(table, HEADER | header)


def evaluation(*ids, model="sha256:m"):
    header = EvaluationHeader("classification", ("cat",), "m", model, "d", "sha256:d", len(ids))
    return EvaluationTable(header, pa.table({"id": pa.array(ids, pa.string())}))


def test_they_are_read_as_they_were_written_and_the_same_bytes_twice(tmp_path):
    found = explanations(
        {"id": "a", "map": bytes([0, 51, 102, 255]), "patch": [0.0, 0.5, 0.25, 0.25]}, {"id": "b"}
    )
    found.write(tmp_path / "out")
    again = Explanations.read(tmp_path / "out")
    assert again.samples == found.samples
    assert again.header == found.header
    first = Explanations.digest(tmp_path / "out")
    found.write(tmp_path / "out")
    assert Explanations.digest(tmp_path / "out") == first


def test_maps_are_shares_row_by_row():
    maps = explanations({"id": "a", "map": bytes([0, 51, 102, 255])}, {"id": "b"}).maps()
    assert maps[0].tolist() == [[0, 0.2], [0.4, 1]]
    assert np.isnan(maps[1]).all()


def test_a_sample_has_the_mean_of_its_rows():
    found = explanations(
        {"id": "a", "object": 1, "off_core": 0.2},
        {"id": "a", "object": 2, "off_core": 0.4},
        {"id": "a", "object": 3},
        {"id": "b", "off_core": 0.9, "drawn": False},
    )
    assert found.of_samples("off_core") == {"a": pytest.approx(0.3), "b": 0.9}
    assert found.of_samples("off_core", drawn=True) == {"a": pytest.approx(0.3)}


def test_maps_of_another_size_are_refused():
    with pytest.raises(InputError, match=r"column 'map': expected side² bytes, not so: 'a'"):
        explanations({"id": "a", "map": bytes(3)})
    with pytest.raises(InputError, match="expected maps of one size, got sides 2, 3"):
        explanations({"id": "a"}, {"id": "b", "side": 3}).maps()


def test_other_columns_are_refused():
    with pytest.raises(InputError, match=r"explanations: expected the columns id, .*, got id"):
        Explanations(pa.table({"id": ["a"]}), {})


def test_an_absent_folder_and_another_version_are_told(tmp_path):
    with pytest.raises(InputError, match=r"explanations.json.*\(explain-errors writes it\)"):
        Explanations.read(tmp_path)
    explanations({"id": "a"}).write(tmp_path / "out")
    (tmp_path / "out" / "explanations.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"cannot read .*explanations.parquet"):
        Explanations.read(tmp_path / "out")
    (tmp_path / "out" / "explanations.json").write_text('{"schema_version": 9}')
    with pytest.raises(InputError, match="expected schema_version 1, got 9"):
        Explanations.read(tmp_path / "out")


class TestOffCore:
    @pytest.fixture
    def written(self, tmp_path):
        def write(name, *rows, **header):
            explanations(*rows, **header).write(tmp_path / name)
            return tmp_path / name

        return write

    def test_only_drawn_samples_have_a_share(self, written):
        ours = written("ours", {"id": "b", "off_core": 0.2}, {"id": "a", "off_core": 0.9, "drawn": False})
        table, champion = with_off_core(evaluation("a", "b", "c"), None, ours, None)
        assert table.samples["off_core"].to_pylist() == [None, 0.2, None]
        assert champion is None

    def test_two_models_are_compared_on_samples_of_which_both_have_a_share(self, written):
        ours = written("ours", {"id": "a", "off_core": 0.2}, {"id": "b", "off_core": 0.3})
        theirs = written("theirs", {"id": "b", "off_core": 0.5}, {"id": "c", "off_core": 0.6})
        candidate, champion = (evaluation("a", "b", "c") for _ in range(2))
        candidate, champion = with_off_core(candidate, champion, ours, theirs)
        assert candidate.samples["off_core"].to_pylist() == [None, 0.3, None]
        assert champion.samples["off_core"].to_pylist() == [None, 0.5, None]

    def test_without_explanations_nothing_changes(self, written):
        table = evaluation("a")
        assert with_off_core(table, None, None, None) == (table, None)
        with pytest.raises(InputError, match="explanations of the champion alone"):
            with_off_core(table, table, None, written("theirs"))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"model_digest": "sha256:x"},
                r"expected explanations of the candidate's model, 'm' \(sha256:m\)",
            ),
            ({"dataset_digest": "sha256:x"}, r"expected explanations of the candidate's dataset, 'd'"),
        ],
    )
    def test_explanations_of_something_else_are_refused(self, written, change, message):
        with pytest.raises(InputError, match=message):
            with_off_core(evaluation("a"), None, written("ours", {"id": "a"}, **change), None)

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"method": "occlusion"}, "method, got 'activation' and 'occlusion'"),
            ({"core_digest": "sha256:x"}, "core_digest"),
            ({"asked": {"draw": 9, "seed": 7}}, "draw"),
        ],
    )
    def test_shares_made_in_different_ways_are_not_compared(self, written, change, what):
        ours, theirs = written("ours", {"id": "a"}), written("theirs", {"id": "a"}, **change)
        with pytest.raises(InputError, match=f"cannot be compared: expected the same {what}"):
            with_off_core(evaluation("a"), evaluation("a"), ours, theirs)
