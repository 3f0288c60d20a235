"""A folder of images without labels is a pool for any task."""

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import is_unlabelled, read_dataset, unlabelled
from seatrial.errors import InputError


@pytest.fixture
def pool(tmp_path):
    folder = tmp_path / "pool"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(np.full((8, 8, 3), 40 * number, dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def test_a_flat_folder_is_a_pool_without_labels(pool):
    manifest = read_dataset(f"images:{pool}")
    assert manifest.table.column("id").to_pylist() == ["0.png", "1.png", "2.png"]
    assert manifest.table.column("label").to_pylist() == [None] * 3
    assert manifest.classes == ()
    assert is_unlabelled(manifest)


def test_classes_of_a_pool_can_be_named(pool):
    assert read_dataset(f"images:{pool}?classes=cat,dog").classes == ("cat", "dog")


def test_folders_of_a_pool_need_not_be_classes(image_folder):
    manifest = read_dataset(f"images:{image_folder}?labels=none")
    assert len(manifest) == 4
    assert manifest.classes == ()
    assert is_unlabelled(manifest)
    assert not is_unlabelled(read_dataset(f"images:{image_folder}"))
    with pytest.raises(InputError, match="option labels: expected one of folders, none, got 'no'"):
        read_dataset(f"images:{image_folder}?labels=no")


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation"])
def test_any_data_set_can_be_taken_for_a_pool(image_folder, task):
    manifest = unlabelled(read_dataset(f"images:{image_folder}"), task, ("a", "b"))
    assert manifest.task == task
    assert manifest.classes == ("a", "b")
    assert is_unlabelled(manifest)
    assert len(manifest.shard(0, 2)) == 2
    assert unlabelled(manifest, "classification").classes == ("a", "b")
