"""Functions that users write become columns."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.datasets.attributes import digest_attributes, load_attributes, with_attributes
from seatrial.datasets.content import content_digests
from seatrial.errors import InputError
from seatrial.images import ImageStore


@pytest.fixture
def data(tmp_path):
    """Three images of one brightness each, and one that is broken."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (8 + number, 6), (80 * number,) * 3).save(folder / f"{number}.png")
    (folder / "3.png").write_bytes(b"no image")
    uris = [str(folder / f"{number}.png") for number in range(4)]
    table = {
        "id": pa.array(["a", "b", "c", "broken"]),
        "uri": pa.array(uris),
        "label": pa.array(["cat", "dog", None, "cat"]),
        "group": pa.nulls(4, pa.string()),
        "content": pa.array(content_digests(uris), pa.string()),
        "camera": pa.array(["x", "y", "x", "y"]),
    }
    return DatasetManifest("d", "classification", ("cat", "dog"), pa.table(table))


@pytest.fixture
def written(tmp_path):
    def write(code, name="mine.py"):
        path = tmp_path / name
        path.write_text(code, encoding="utf-8")
        return path

    return write


def column(data, file, name, **options):
    return with_attributes(data, load_attributes(file), **options).table.column(name).to_pylist()


def test_a_function_of_the_image_is_a_column_missing_where_the_image_is_broken(data, written):
    file = written("def red(image):\n    return image[..., 0].mean() / 255\n")
    assert column(data, file, "red") == pytest.approx([0, 80 / 255, 160 / 255, None])


def test_a_function_may_ask_for_the_label_and_the_row(data, written):
    file = written(
        "def sort(label, row):\n    return f'{label} by {row[\"camera\"]}'\n"
        "def wide(row, image):\n    return image.shape[1] > 8\n"
        "def long(label):\n    return None if label is None else len(label)\n"
    )
    assert column(data, file, "sort") == ["cat by x", "dog by y", "None by x", "cat by y"]
    assert column(data, file, "wide") == [False, True, True, None]
    assert column(data, file, "long") == [3, 3, None, 3]


def test_a_function_of_a_detection_gets_the_objects(written):
    objects = [
        {
            "image": "a",
            "annotation": str(number),
            "class": "cat",
            "x": 1.0,
            "y": 2.0,
            "width": 3.0,
            "height": 4.0,
        }
        | {"area": 12.0, "crowd": False, "ignore": False, "mask": None}
        for number in range(2)
    ]
    table = {"id": ["a", "b", "c"], "uri": pa.nulls(3, pa.string()), "annotated": [True, True, False]}
    table |= {"group": pa.nulls(3, pa.string()), "content": pa.nulls(3, pa.string())}
    schema_rows = pa.Table.from_pylist(objects, schema=OBJECT_SCHEMA)
    data = DatasetManifest("d", "detection", ("cat",), pa.table(table), schema_rows)
    file = written("def many(label):\n    return None if label is None else len(label)\n")
    assert column(data, file, "many") == [2, 0, None]


def test_a_function_of_a_segmentation_gets_the_class_codes(tmp_path, written):
    Image.fromarray(np.array([[0, 1], [1, 1]], dtype=np.uint8)).save(tmp_path / "mask.png")
    table = {"id": ["a", "b"], "uri": pa.nulls(2, pa.string()), "mask": [str(tmp_path / "mask.png"), None]}
    table |= {name: pa.nulls(2, pa.string()) for name in ("mask_content", "group", "content")}
    data = DatasetManifest("d", "segmentation", ("back", "cell"), pa.table(table))
    file = written("def covered(label):\n    return None if label is None else (label == 1).mean()\n")
    assert column(data, file, "covered") == [0.75, None]


def test_parameters_with_defaults_private_functions_and_imports_are_left_alone(data, written):
    file = written(
        "from json import dumps\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Kind:\n    name: 'str'\n\n"
        "def _hidden(image):\n    return 1\n\n"
        "def kind(row, upper=True):\n    return Kind(row['camera'].upper() if upper else '').name\n"
    )
    assert [one.name for one in load_attributes(file)] == ["kind"]
    assert column(data, file, "kind") == ["X", "Y", "X", "Y"]


def test_all_says_which_functions_count(written):
    file = written("__all__ = ['b']\ndef a(row):\n    return 1\ndef b(row):\n    return 2\n")
    assert [one.name for one in load_attributes(file)] == ["b"]


def test_what_fails_for_some_is_told_and_missing_there(data, written, capsys):
    file = written("def inverse(image):\n    return 1 / int(image[0, 0, 0])\n")
    assert column(data, file, "inverse") == pytest.approx([None, 1 / 80, 1 / 160, None])
    message = "attribute 'inverse' fails on 1 of 3 samples: a: ZeroDivisionError: division by zero"
    assert message in capsys.readouterr().err


def test_nan_is_missing_and_numpy_scalars_are_numbers(data, written):
    file = written(
        "import numpy as np\n"
        "def half(row):\n    return np.float32('nan') if row['id'] == 'a' else np.float32(0.5)\n"
        "def count(row):\n    return np.int64(3)\n"
    )
    assert column(data, file, "half") == [None, 0.5, 0.5, 0.5]
    assert column(data, file, "count") == [3] * 4


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def red(image)\n    return 1\n", r"mine.py, line 1 cannot be run: SyntaxError"),
        ("x = 1\ny = 1 / 0\n", r"mine.py, line 2 cannot be run: ZeroDivisionError: division by zero"),
        ("import seatrial_absent\n", "line 1 cannot be run: ModuleNotFoundError"),
        ("x = 1\n", "expected at least one function without a leading underscore"),
        ("__all__ = ['b']\n", "__all__ names 'b', which is no function"),
        (
            "def red(picture):\n    return 1\n",
            r"red\(\): expected parameters among image, label, row, .* got 'picture'",
        ),
        ("def red():\n    return 1\n", r"red\(\): expected parameters among .* got none"),
        ("def brightness(image):\n    return 1\n", "cannot be called 'brightness', a column of Seatrial's"),
        ("def label(row):\n    return 1\n", "cannot be called 'label'"),
        ("def camera(row):\n    return 1\n", "attribute 'camera' is called like a column of the data set"),
        (
            "def odd(row):\n    return 1 / 0\n",
            "attribute 'odd' fails on 4 of 4 samples: a: ZeroDivisionError",
        ),
        (
            "def odd(row):\n    return 1 if row['id'] == 'a' else 'x'\n",
            r"throughout, got 'int \(of a\)', 'str \(of b\)'",
        ),
        ("def odd(row):\n    return [1]\n", r"numbers, texts or booleans throughout, got 'list \(of a\)'"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line(data, written, code, message):
    with pytest.raises(InputError, match=message) as caught:
        with_attributes(data, load_attributes(written(code)))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_absent_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot read functions .*absent.py"):
        load_attributes(tmp_path / "absent.py")


def test_values_of_the_image_alone_are_kept_by_its_content_and_the_functions_file(
    data, written, tmp_path, opened
):
    code = "def red(image):\n    return float(image[..., 0].mean())\n"
    file = written(code)
    first = column(data, file, "red", store=ImageStore(tmp_path / "store"))
    with opened(tmp_path / "images") as names:
        assert column(data, file, "red", store=ImageStore(tmp_path / "store")) == first
    assert names == ["3.png"]  # the broken one is tried again
    changed = written(code.replace("0]", "1]"), "other.py")
    with opened(tmp_path / "images") as names:
        column(data, changed, "red", store=ImageStore(tmp_path / "store"))
    assert sorted(names) == ["0.png", "1.png", "2.png", "3.png"]


def test_attributes_are_no_content_of_the_data_set_but_known_by_a_digest(data, written):
    one = load_attributes(written("def red(image):\n    return 1\n"))
    other = load_attributes(written("def red(image):\n    return 2\n", "other.py"))
    assert digest_attributes(one) != digest_attributes(other)
    assert digest_attributes(one) == digest_attributes(
        load_attributes(written("def red(image):\n    return 1\n"))
    )
