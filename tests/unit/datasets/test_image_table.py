"""A Parquet or CSV file becomes a manifest; what is wrong is named by row and column."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.datasets import read_dataset
from seatrial.errors import InputError


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "path": ["cat/a.png", "cat/b.png", "dog/a.png"],
            "y": ["cat", "cat", "dog"],
            "scene": ["s1", "s1", None],
            "lux": [0.5, None, 2.0],
            "day": [dt.date(2026, 1, 1)] * 3,
        }
    )


def _spec(folder, suffix="parquet", extra=""):
    return f"table:{folder}/val.{suffix}?image=path&label=y{extra}"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv"])
def test_the_same_table_reads_alike_in_every_format(image_folder, rows, suffix):
    path = image_folder / f"val.{suffix}"
    frame = rows.drop(columns="day")
    if suffix == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    manifest = read_dataset(_spec(image_folder, suffix))
    assert manifest.classes == ("cat", "dog")
    assert manifest.metadata == ("scene", "lux")
    assert manifest.table.column("uri").to_pylist()[0] == f"{image_folder}/cat/a.png"
    assert manifest.table.column("lux").to_pylist() == [0.5, None, 2.0]
    assert None not in manifest.table.column("content").to_pylist()


def test_group_column_and_dates_are_kept(image_folder, rows):
    rows.to_parquet(image_folder / "val.parquet")
    manifest = read_dataset(_spec(image_folder, extra="&group=scene"))
    assert manifest.table.column("group").to_pylist() == ["s1", "s1", None]
    assert manifest.table.column("day").to_pylist()[0] == "2026-01-01"


def test_whole_number_labels_are_ordered_by_value(image_folder, rows):
    rows["y"] = [10, 9, 2]
    rows.to_parquet(image_folder / "val.parquet")
    assert read_dataset(_spec(image_folder)).classes == ("2", "9", "10")


def test_a_table_without_images_serves_imported_predictions(image_folder, rows):
    rows.to_csv(image_folder / "val.csv", index=False)
    manifest = read_dataset(f"table:{image_folder}/val.csv?image=&id=path&label=y&classes=cat,dog")
    assert manifest.table.column("uri").to_pylist() == [None] * 3


def test_a_range_or_a_file_names_the_classes(image_folder, rows, tmp_path):
    rows["y"] = [0, 1, 1]
    rows.to_parquet(image_folder / "val.parquet")
    assert read_dataset(_spec(image_folder, extra="&classes=0..2")).classes == ("0", "1", "2")
    (tmp_path / "names.txt").write_text("1\n0\n")
    assert read_dataset(_spec(image_folder, extra=f"&classes=@{tmp_path}/names.txt")).classes == ("1", "0")


@pytest.mark.parametrize(
    ("change", "extra", "message"),
    [
        (
            {"y": ["cat", "emu", "dog"]},
            "&classes=cat,dog",
            r"row 2, column 'y': expected one of 'cat', 'dog', got 'emu'",
        ),
        ({"path": ["cat/a.png", None, "b.png"]}, "", r"row 2, column 'path': expected a value, got nothing"),
        ({"path": [1, 2, 3]}, "", r"column 'path': expected paths or URIs as text, got int64"),
        ({"y": [None, None, None]}, "", r"no image has a label"),
        ({"loss": [1, 2, 3]}, "", r"column 'loss': the name is reserved"),
        (
            {"tags": [["a"], ["b"], ["c"]]},
            "",
            r"column 'tags': expected text, numbers, booleans or dates, got list",
        ),
        ({}, "&group=video", r"no column 'video' \(option group\); columns are path, y, scene, lux, day"),
        ({}, "&classes=a,a", r"expected at least one name, each once"),
        ({}, "&classes=@/nowhere/names.txt", r"cannot read class names from /nowhere/names.txt"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(image_folder, rows, change, extra, message):
    rows.assign(**change).to_parquet(image_folder / "val.parquet")
    with pytest.raises(InputError, match=message) as caught:
        read_dataset(_spec(image_folder, extra=extra))
    assert "\n" not in str(caught.value)


def test_class_names_that_are_no_text_are_refused(image_folder, rows):
    rows.to_parquet(image_folder / "val.parquet")
    (image_folder / "names.txt").write_bytes(b"\xe9t\xe9\n")
    with pytest.raises(InputError, match=r"names.txt: expected UTF-8 text: .* at byte 0"):
        read_dataset(_spec(image_folder, extra=f"&classes=@{image_folder}/names.txt"))


def test_absent_damaged_empty_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"no such file: .*val.parquet"):
        read_dataset(f"table:{tmp_path}/val.parquet")
    (tmp_path / "val.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(InputError, match="not a readable parquet file"):
        read_dataset(f"table:{tmp_path}/val.parquet")
    pq.write_table(pa.table({"image": pa.array([], pa.string())}), tmp_path / "none.parquet")
    with pytest.raises(InputError, match="is empty"):
        read_dataset(f"table:{tmp_path}/none.parquet")
    with pytest.raises(InputError, match=r"expected a file that ends in .parquet"):
        read_dataset(f"table:{tmp_path}/val.xlsx")


def _csv(folder, *lines, encoding="utf-8"):
    (folder / "val.csv").write_text("\n".join(lines) + "\n", encoding=encoding)
    return f"table:{folder}/val.csv"


@pytest.mark.parametrize(
    ("written", "classes"),
    [
        (("true", "false"), ("false", "true")),
        (("001", "010"), ("001", "010")),
        (("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-01-02")),
        (("10", "9"), ("9", "10")),
        (("10.0", "9.0"), ("9", "10")),
        (("NA", "yes"), ("NA", "yes")),
        (('"a\n<b>"', '"it\'s, ok"'), ("a\n<b>", "it's, ok")),
    ],
)
def test_labels_of_a_csv_file_are_named_as_they_are_written(image_folder, written, classes):
    spec = _csv(
        image_folder,
        "image,label",
        *(f"cat/{name}.png,{one}" for name, one in zip("ab", written, strict=True)),
    )
    assert read_dataset(spec).classes == classes


def test_a_csv_row_without_a_label_is_unlabelled_whatever_the_labels_look_like(image_folder):
    for label in ("true", "1", "1.5", "cat", "2026-01-01"):
        spec = _csv(image_folder, "image,label", f"cat/a.png,{label}", "cat/b.png,")
        assert read_dataset(spec).table.column("label").to_pylist() == [label, None]


def test_ids_and_codes_of_a_csv_file_keep_their_leading_zeros(image_folder):
    lines = ("image,label,number,site,lux", "cat/a.png,cat,007,01,5", "cat/b.png,cat,7,02,0")
    table = read_dataset(_csv(image_folder, *lines) + "?id=number").table
    assert table.column("id").to_pylist() == ["007", "7"]
    assert table.column("site").to_pylist() == ["01", "02"]
    assert table.column("lux").to_pylist() == [5, 0]


def test_a_byte_order_mark_is_no_part_of_the_first_columns_name(image_folder):
    spec = _csv(image_folder, "image,label", "cat/a.png,cat", encoding="utf-8-sig")
    assert read_dataset(spec).table.column("id").to_pylist() == ["cat/a.png"]


def test_a_column_that_is_there_twice_is_refused(image_folder):
    with pytest.raises(InputError, match=r"val.csv: expected each column once, got 'label' more than once"):
        read_dataset(_csv(image_folder, "image,label,label", "cat/a.png,cat,1"))


def test_text_in_another_encoding_is_refused_with_its_line(image_folder):
    with pytest.raises(InputError, match=r"val.csv, line 3: expected UTF-8 text"):
        read_dataset(_csv(image_folder, "image,label", "a.png,a", "ä.png,b", encoding="latin-1"))
