"""What was read is remembered by content, and a file is known again without being opened."""

import io
import os
import time
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.images import MEASURED, ImageStore, image_properties, read_images
from seatrial.images.identity import file_identity
from seatrial.images.store import FILES


def noise(seed=0, height=12, width=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png(rgb):
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def photos(tmp_path):
    """Five images, of which one is broken and one a copy, old enough to be known again."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(png(noise(number)))
    (folder / "3.png").write_bytes(b"no image")
    (folder / "4.png").write_bytes(png(noise(0)))
    time.sleep(0.15)
    return [str(folder / f"{number}.png") for number in range(5)]


def measured(uris, store):
    read = read_images(uris, store)
    return read, store.measured(read.column("content").combine_chunks())


def test_a_second_pass_opens_no_file_and_gives_the_same(photos, tmp_path, opened):
    with opened(tmp_path / "photos") as names:
        first = measured(photos, ImageStore(tmp_path / "store", measuring=True))
    assert sorted(names) == [f"{number}.png" for number in range(5)]  # each once
    with opened(tmp_path / "photos") as names:
        second = measured(photos, ImageStore(tmp_path / "store", measuring=True))
    assert names == []
    assert all(one.equals(other) for one, other in zip(first, second, strict=True))
    assert second[1].column("reason").to_pylist() == [None, None, None, "not an image", None]
    assert second[1].column("brightness")[1].as_py() == image_properties(noise(1))["brightness"]


def test_a_pass_that_only_digests_remembers_contents_and_sizes(photos, tmp_path, opened):
    first = read_images(photos, ImageStore(tmp_path / "store"))
    with opened(tmp_path / "photos") as names:
        second = read_images(photos, ImageStore(tmp_path / "store"))
    assert names == []
    assert second.equals(first)
    assert second.column("width").to_pylist() == [16, 16, 16, None, 16]


@pytest.mark.parametrize("restored", [False, True])
def test_a_file_that_was_changed_is_read_again_even_with_its_old_time_and_size(photos, tmp_path, restored):
    store = tmp_path / "store"
    measured(photos, ImageStore(store, measuring=True))
    before = Path(photos[1]).stat()
    changed = bytearray(Path(photos[1]).read_bytes())
    other = png(noise(77))[: len(changed)].ljust(len(changed), b"\0")
    Path(photos[1]).write_bytes(other)
    if restored:
        os.utime(photos[1], ns=(before.st_atime_ns, before.st_mtime_ns))
        assert Path(photos[1]).stat().st_mtime_ns == before.st_mtime_ns
    assert Path(photos[1]).stat().st_size == before.st_size
    _, again = measured(photos, ImageStore(store, measuring=True))
    assert again.column("pixels")[1] != again.column("pixels")[0]
    assert again.column("brightness")[1].as_py() == image_properties(noise(77))["brightness"]


def test_a_file_that_has_just_been_written_is_not_trusted(tmp_path, opened):
    folder = tmp_path / "photos"
    folder.mkdir()
    store = ImageStore(tmp_path / "store")
    for _ in range(2):
        (folder / "a.png").write_bytes(png(noise()))
        identity = file_identity(str(folder / "a.png"))
        with opened(folder) as names:
            read_images([str(folder / "a.png")], store)
        assert names == ["a.png"]
        assert not identity.settled


def test_a_renamed_or_replaced_file_is_another_one(tmp_path):
    path, other = tmp_path / "a.png", tmp_path / "b.png"
    path.write_bytes(png(noise()))
    first = file_identity(str(path))
    path.rename(other)
    assert file_identity(str(other)).key != first.key
    assert file_identity(str(path)) is None
    other.rename(path)
    assert file_identity(str(path)).key != first.key or path.stat().st_ctime_ns == path.stat().st_mtime_ns


def test_a_relative_and_an_absolute_path_are_one_file(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(png(noise()))
    monkeypatch.chdir(tmp_path)
    assert file_identity("a.png").key == file_identity(str(tmp_path / "a.png")).key


def test_remote_files_are_known_by_what_their_file_system_says(tmp_path):
    remote = fsspec.filesystem("memory")
    remote.pipe("/seatrial-store/a.png", png(noise()))
    first = file_identity("memory://seatrial-store/a.png")
    assert first.key == file_identity("memory://seatrial-store/a.png").key
    assert not first.settled  # two seconds have to pass: the stamp may be that coarse
    remote.pipe("/seatrial-store/a.png", png(noise(1)))
    assert file_identity("memory://seatrial-store/a.png").key != first.key
    assert file_identity("memory://seatrial-store/absent.png") is None
    found = read_images(["memory://seatrial-store/a.png"], ImageStore(tmp_path))
    assert found.column("width").to_pylist() == [16]
    remote.rm("/seatrial-store", recursive=True)


def test_unreadable_files_have_a_reason_and_are_looked_at_again(tmp_path):
    store = ImageStore(tmp_path / "store", measuring=True)
    path = tmp_path / "late.png"
    read = read_images([str(path)], store)
    assert read.column("reason").to_pylist() == ["no such file"]
    assert read.column("content").null_count == 1
    path.write_bytes(png(noise()))
    assert read_images([str(path)], store).column("reason").to_pylist() == [None]


def test_a_damaged_or_missing_file_of_the_store_counts_as_nothing_known(photos, tmp_path):
    store = tmp_path / "store"
    expected = measured(photos, ImageStore(store, measuring=True))
    opened_before = ImageStore(store, measuring=True)
    opened_before.files([None])
    (images,) = store.glob("images-*/images/*.parquet")
    (files,) = store.glob("images-*/files/*.parquet")
    content = bytearray(images.read_bytes())
    content[200:220] = b"\xff" * 20
    images.write_bytes(content)
    again = measured(photos, ImageStore(store, measuring=True))
    assert all(one.equals(other) for one, other in zip(expected, again, strict=True))
    files.unlink()
    again = measured(photos, opened_before)
    assert all(one.equals(other) for one, other in zip(expected, again, strict=True))


def test_a_store_that_cannot_be_written_is_told_and_keeps_nothing(photos, tmp_path, capsys):
    (tmp_path / "store").write_text("a file, no folder")
    expected = measured(photos, ImageStore(measuring=True))
    found = measured(photos, ImageStore(tmp_path / "store", measuring=True))
    assert all(one.equals(other) for one, other in zip(expected, found, strict=True))
    assert capsys.readouterr().err.count("not kept for later runs") == 1


def test_many_small_files_of_a_store_are_put_together(tmp_path):
    rows = [
        pa.table([[bytes([number]) * 16], [bytes([number]) * 32], [number], [number]], schema=FILES)
        for number in range(40)
    ]
    store = ImageStore(tmp_path)
    for one in rows:
        store.add_files(one)
    assert len(list(tmp_path.glob("images-*/files/*.parquet"))) == 40
    found = ImageStore(tmp_path).files([bytes([number]) * 16 for number in (39, 0, 20, 77)])
    assert found.column("width").to_pylist() == [39, 0, 20, None]
    assert len(list(tmp_path.glob("images-*/files/*.parquet"))) == 1


def test_another_program_may_put_a_store_together_meanwhile(tmp_path):
    store = ImageStore(tmp_path)
    for number in range(30):
        store.add_files(
            pa.table([[bytes([number]) * 16], [bytes([number]) * 32], [number], [number]], schema=FILES)
        )
    ImageStore(tmp_path).files([None])
    found = store.files([bytes([3]) * 16])  # its file is gone: as if nothing were known
    assert found.column("content").null_count == 1


def test_nothing_is_read_where_there_is_nothing():
    store = ImageStore(measuring=True)
    assert read_images([], store).num_rows == 0
    assert store.measured(pa.array([None], pa.binary(32))).schema.equals(MEASURED)
