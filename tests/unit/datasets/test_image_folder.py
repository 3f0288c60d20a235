"""A folder of one subfolder per class becomes a manifest."""

from pathlib import Path

import pytest

from seatrial.datasets import DatasetManifest, read_dataset
from seatrial.errors import InputError


def test_each_subfolder_is_a_class_and_ids_are_relative_paths(image_folder):
    manifest = read_dataset(f"images:{image_folder}")
    assert manifest.classes == ("cat", "dog")
    assert manifest.table.column("id").to_pylist() == [
        "cat/a.png",
        "cat/b.png",
        "dog/a.png",
        "dog/deep/c.png",
    ]
    assert manifest.table.column("label").to_pylist() == ["cat", "cat", "dog", "dog"]
    assert manifest.name == "val"


def test_numeric_class_folders_are_ordered_by_value(image_folder):
    (image_folder / "cat").rename(image_folder / "10")
    (image_folder / "dog").rename(image_folder / "9")
    assert read_dataset(f"images:{image_folder}").classes == ("9", "10")


def test_a_moved_folder_keeps_its_digest_and_a_changed_image_changes_it(image_folder, tmp_path):
    before = read_dataset(f"images:{image_folder}").digest
    moved = image_folder.rename(tmp_path / "moved")
    assert read_dataset(f"images:{moved}?name=val").digest == before
    with (moved / "cat" / "a.png").open("ab") as stream:
        stream.write(b"more")
    assert read_dataset(f"images:{moved}").digest != before


def test_images_are_read_from_any_fsspec_uri(image_folder):
    local = read_dataset(f"images:{image_folder}")
    remote = read_dataset(f"images:file://{image_folder}")
    assert remote.digest == local.digest


def test_hidden_files_are_left_out(image_folder):
    (image_folder / ".cache").mkdir()
    (image_folder / ".cache" / "x.png").write_bytes(b"x")
    assert len(read_dataset(f"images:{image_folder}")) == 4


def test_the_order_of_classes_can_be_given(image_folder):
    assert read_dataset(f"images:{image_folder}?classes=dog,cat,bird").classes == ("dog", "cat", "bird")


def test_a_written_manifest_reads_back_the_same(image_folder, tmp_path):
    manifest = read_dataset(f"images:{image_folder}")
    manifest.write(tmp_path / "manifest")
    assert DatasetManifest.read(tmp_path / "manifest").digest == manifest.digest


def test_shards_make_up_the_whole_in_order(image_folder):
    manifest = read_dataset(f"images:{image_folder}")
    parts = [manifest.shard(index, 3).table.column("id").to_pylist() for index in range(3)]
    assert sum(parts, []) == manifest.table.column("id").to_pylist()


@pytest.mark.parametrize(
    ("make", "spec", "message"),
    [
        (lambda _: None, "images:{0}/absent", "no such folder"),
        (lambda _: None, "images:{0}/cat/a.png", "expected a folder, got a file"),
        (lambda _: None, "images:{0}?clases=a", "unknown option 'clases'.*expected name, classes"),
        (lambda _: None, "images:{0}?classes=cat", "folder 'dog' is not a class; expected one of 'cat'"),
        (lambda path: (path / "loose.png").write_bytes(b"x"), "images:{0}", "images at the top: 'loose.png'"),
        (lambda path: (path / "empty").mkdir(), "images:{0}/empty", "is empty"),
        (lambda _: None, "{0}", "expected kind:path"),
        (
            lambda _: None,
            "pictures:{0}",
            "coco, images, manifest, masks, table, voc, yolo before the colon, got 'pictures'",
        ),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(image_folder, make, spec, message):
    make(image_folder)
    with pytest.raises(InputError, match=message) as caught:
        read_dataset(spec.format(image_folder))
    assert "\n" not in str(caught.value)


def test_a_folder_in_which_no_image_can_be_read_is_refused(image_folder):
    for path in image_folder.rglob("*.png"):
        path.unlink()
        Path(path).symlink_to("nowhere")
    with pytest.raises(InputError, match="none of 4 images can be read"):
        read_dataset(f"images:{image_folder}")
