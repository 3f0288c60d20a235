"""Cells of confusion are columns that read as cells."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.errors import InputError
from seatrial.slices import confusion
from seatrial.slices.confusion import ConfusionCell, ConfusionCells

CELLS = [
    ConfusionCell("all", "candidate", "cat", "dog", 3),
    ConfusionCell("all", "baseline", "cat", "cat", 9),
    ConfusionCell("site=B7", "candidate", "dog", "cat", 1),
]


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_what_is_written_is_read(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(confusion, "_ROWS", rows)
    ConfusionCells.of(iter(CELLS)).write(tmp_path / "cells.parquet")
    found = ConfusionCells.read(tmp_path / "cells.parquet")
    assert found == CELLS
    assert (found[0], found[-1], found[1:]) == (CELLS[0], CELLS[2], CELLS[1:])


def test_text_is_written_as_text(tmp_path):
    ConfusionCells.of(CELLS).write(tmp_path / "cells.parquet")
    assert pq.read_table(tmp_path / "cells.parquet").schema.field("label").type == pa.string()


def test_there_may_be_none(tmp_path):
    ConfusionCells.of([]).write(tmp_path / "cells.parquet")
    assert list(ConfusionCells.read(tmp_path / "cells.parquet")) == []


def test_a_file_of_other_columns_is_told(tmp_path):
    pq.write_table(pa.table({"slice": ["all"]}), tmp_path / "cells.parquet")
    with pytest.raises(InputError, match=r"cells.parquet: expected columns .*'count'.* got \['slice'\]"):
        ConfusionCells.read(tmp_path / "cells.parquet")


def test_an_absent_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*cells.parquet"):
        ConfusionCells.read(tmp_path / "cells.parquet")
