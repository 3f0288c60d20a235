"""Bad files and rows of every kind are found, named and counted, as long as one good one is left."""

import io
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import read_dataset
from seatrial.errors import EmptyDatasetError, InputError
from seatrial.images import decode
from seatrial.steps import check_data

RGB = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)


def encoded(kind, rgb=RGB, **options):
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, kind, **options)
    return stream.getvalue()


def bomb():
    """A PNG whose header asks for 60,000 × 60,000 pixels."""
    import struct
    import zlib

    data = bytearray(encoded("PNG"))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


BROKEN = {
    "truncated.jpg": (lambda: encoded("JPEG")[:400], "truncated or damaged"),
    "zero.jpg": (lambda: b"", "empty file"),
    "words.jpg": (lambda: b"these are words\n" * 40, "not an image"),
    "bomb.png": (bomb, "too large"),
    "half.png": (lambda: encoded("PNG")[:200], "truncated or damaged"),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data" / "cat").mkdir(parents=True)
    (tmp_path / "data" / "cat" / "sound.png").write_bytes(encoded("PNG"))
    return tmp_path / "data" / "cat"


def found(folder, tmp_path, check="broken"):
    report = check_data.run(f"images:{folder.parent}", tmp_path / "out", only=[check])
    return {one.sample_ids: one for one in report.findings}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_found_with_its_reason(folder, tmp_path, name):
    make, reason = BROKEN[name]
    (folder / name).write_bytes(make())
    findings = found(folder, tmp_path)
    assert set(findings) == {(f"cat/{name}",)}
    assert findings[f"cat/{name}",].evidence["reason"].startswith(reason)


def test_all_of_them_at_once_are_counted(folder, tmp_path):
    for name, (make, _) in BROKEN.items():
        (folder / name).write_bytes(make())
    assert len(found(folder, tmp_path)) == len(BROKEN)


def test_a_link_to_nowhere_is_found(folder, tmp_path):
    (folder / "link.png").symlink_to(tmp_path / "nowhere.png")
    findings = found(folder, tmp_path)
    assert findings["cat/link.png",].evidence["reason"] == "no such file"


def test_a_file_that_may_not_be_read_is_found(folder, tmp_path):
    (folder / "locked.png").write_bytes(encoded("PNG"))
    if os.geteuid() == 0:
        # nothing is locked to root: a folder called like an image cannot be read by anybody
        (folder / "locked.png").unlink()
        (tmp_path / "folder").mkdir()
        (folder / "locked.png").symlink_to(tmp_path / "folder")
        table = tmp_path / "data.csv"
        table.write_text(f"image,label\n{folder}/sound.png,cat\n{folder}/locked.png,cat\n")
        report = check_data.run(f"table:{table}", tmp_path / "out", only=["broken"])
        assert [one.evidence["reason"] for one in report.findings] == ["cannot be read: Is a directory"]
        return
    (folder / "locked.png").chmod(0)
    assert (
        found(folder, tmp_path)["cat/locked.png",].evidence["reason"] == "cannot be read: Permission denied"
    )


def test_a_name_that_is_not_utf_8_is_named_and_left_out(folder, tmp_path, capsys):
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(encoded("PNG"))
    (finding,) = found(folder, tmp_path, "annotations").values()
    assert finding.evidence == {"kind": "name_not_text", "count": 1, "cases": ["cat/caf\\xe9.png"]}
    assert "1 files have names that are not UTF-8" in capsys.readouterr().err
    assert read_dataset(f"images:{folder.parent}").table["id"].to_pylist() == ["cat/sound.png"]


def test_where_nothing_is_left_it_is_one_clear_line(folder):
    (folder / "sound.png").write_bytes(b"")
    manifest = read_dataset(f"images:{folder.parent}")  # its bytes can be read: there are none
    assert len(manifest) == 1
    (folder / "sound.png").unlink()
    (folder / "gone.png").symlink_to(folder / "nowhere")
    with pytest.raises(
        InputError, match="none of 1 images can be read; the first is .*gone.png: no such file"
    ):
        read_dataset(f"images:{folder.parent}")
    (folder / "gone.png").unlink()
    with pytest.raises(EmptyDatasetError, match="is empty: no file below"):
        read_dataset(f"images:{folder.parent}")


def table(tmp_path, rows):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encoded("PNG", np.roll(RGB, len(name) + ord(name[0]), axis=0)))
    (tmp_path / "data.csv").write_text("id,image,label\n" + "\n".join(rows) + "\n")
    return f"table:{tmp_path}/data.csv?id=id"


def problems(spec):
    return {one.kind: one for one in read_dataset(spec).problems}


def test_repeated_ids_are_named_and_the_first_is_kept(tmp_path):
    spec = table(tmp_path, ["x,a.png,cat", "y,b.png,dog", "x,b.png,dog", "x,b.png,cat"])
    assert read_dataset(spec).table["label"].to_pylist() == ["cat", "dog"]
    problem = problems(spec)["id_repeated"]
    assert problem.cases == ("row 3: 'x' as in row 1", "row 4: 'x' as in row 1")
    assert problem.severity == "warning"
    report = check_data.run(spec, tmp_path / "out", only=["annotations"])
    assert [(one.evidence["kind"], one.score) for one in report.findings] == [
        ("id_repeated", 2),
    ]


def test_absolute_paths_among_relative_ones_are_told_and_a_file_that_is_named_twice(tmp_path):
    spec = table(tmp_path, ["x,a.png,cat", f"y,{tmp_path}/b.png,dog", f"z,{tmp_path}/a.png,cat"])
    told = problems(spec)
    assert told["paths_mixed"].images == ("y", "z")
    assert told["image_named_twice"].cases == (f"'z' and 'x' name {tmp_path}/a.png",)
    assert len(read_dataset(spec)) == 3


def test_paths_of_one_kind_are_not_told(tmp_path):
    assert problems(table(tmp_path, ["x,a.png,cat", "y,b.png,dog"])) == {}


def test_an_empty_reference_is_found_and_nothing_is_held_against_it(folder, tmp_path):
    (tmp_path / "train" / "cat").mkdir(parents=True)
    spec = f"images:{tmp_path}/train"
    report = check_data.run(
        f"images:{folder.parent}", tmp_path / "out", reference=spec, only=["splits", "drift"]
    )
    (finding,) = report.findings
    assert finding.evidence["kind"] == "empty"
    assert f"the reference {spec} is empty" in finding.message
    assert report.header["reference"] is None


def test_pillows_warnings_of_odd_metadata_stay_silent(folder, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (folder / "bomb.png").write_bytes(bomb())
        assert len(found(folder, tmp_path)) == 1


def test_a_damaged_later_frame_does_not_hide_the_first():
    frames = [Image.fromarray(np.roll(RGB, shift, axis=0)).quantize(32) for shift in range(4)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    whole = decode.decode_image(stream.getvalue())
    assert whole[1].frames == 4
    image, _ = decode.decode_image(stream.getvalue()[:-200])
    assert np.array_equal(np.asarray(image), np.asarray(whole[0]))
