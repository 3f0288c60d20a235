"""What is to be labelled, in order, survives being written."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.datasets import read_dataset
from seatrial.errors import InputError
from seatrial.labelling import LabellingQueue, QueueItem, SuggestedBox


def test_a_queue_keeps_the_order_and_knows_the_sizes_of_images_that_can_be_read(queue):
    rows = queue().rows()
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["id"] for row in rows][-2:] == ["plain.png", "gone.png"]
    assert [(row["width"], row["height"]) for row in rows] == [(60, 40)] * 4 + [(None, None)]
    assert {row["label"] for row in rows} == {'<dog> & "wolf"'}


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation"])
def test_a_queue_is_read_as_it_was_written(queue, task, tmp_path):
    written = queue(task)
    written.write(tmp_path)
    assert LabellingQueue.read(tmp_path) == written


def test_the_table_reader_reads_the_csv_with_every_name_and_path(queue, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    asked = queue()
    asked.write(folder)
    read = read_dataset(f"table:{folder}/labelling_queue.csv?id=id&group=group")
    assert read.table.column("id").to_pylist() == asked.table.column("id").to_pylist()
    assert read.table.column("reason").to_pylist() == asked.table.column("reason").to_pylist()
    assert read.table.column("content").null_count == 1  # the image that is not there


def test_paths_that_are_relative_are_relative_to_the_csv(queue, manifest, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = manifest()
    table = images.table.set_column(
        1, "uri", pa.array([f"data/images/{one}" for one in images.table["id"].to_pylist()])
    )
    (tmp_path / "deep" / "out").mkdir(parents=True)
    LabellingQueue.of(replace(images, table=table), [QueueItem("plain.png", 1, "why")]).write(
        tmp_path / "deep" / "out"
    )
    assert (
        "1,../../data/images/plain.png,plain.png,"
        in (tmp_path / "deep" / "out" / "labelling_queue.csv").read_text()
    )
    read = read_dataset("table:deep/out/labelling_queue.csv?id=id&group=group")
    assert read.table.column("content").null_count == 0


def test_the_same_queue_gives_the_same_bytes(queue, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        queue("detection").write(tmp_path / name)
    for name in ("labelling_queue.parquet", "labelling_queue.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_samples_that_the_data_set_does_not_have_are_refused_by_name(manifest):
    with pytest.raises(InputError, match="data set 'hostile' has no samples 'nobody' to be labelled"):
        LabellingQueue.of(manifest(), [QueueItem("nobody", 1, "why")])


def test_a_sample_is_asked_for_once(manifest):
    twice = [QueueItem("plain.png", 2, "dark"), QueueItem("plain.png", 1, "blurred")]
    with pytest.raises(InputError, match=r"expected each sample once, got 'plain.png'"):
        LabellingQueue.of(manifest(), twice)


def test_suggestions_are_of_the_data_sets_classes(manifest):
    box = SuggestedBox("horse", 0, 0, 1, 1)
    with pytest.raises(InputError, match="expected suggestions of the classes 'cat'.*, got 'horse'"):
        LabellingQueue.of(manifest("detection"), [QueueItem("plain.png", 1, "why", boxes=(box,))])


def test_another_table_is_no_queue(tmp_path):
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "labelling_queue.parquet")
    with pytest.raises(InputError, match="expected a labelling queue with the columns rank, .*, got id"):
        LabellingQueue.read(tmp_path)
    with pytest.raises(InputError, match="cannot read .*labelling_queue.parquet"):
        LabellingQueue.read(tmp_path / "nowhere")
