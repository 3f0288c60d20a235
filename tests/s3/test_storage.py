"""Results on object storage: fetched whole, delivered whole, errors in one line."""

import pytest

from seatrial.errors import InputError, ServiceError
from seatrial.storage import delivered, fetched, remove


def _write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


def test_local_path_is_used_as_it_is(tmp_path):
    with delivered(str(tmp_path / "out")) as path:
        assert path == tmp_path / "out"
    with fetched(str(tmp_path)) as path:
        assert path == tmp_path


def test_folder_comes_back_as_it_was_delivered(bucket):
    place = f"{bucket.uri}/folder"
    with delivered(place) as folder:
        _write(folder, a_parquet="rows", b_json="{}")
    with fetched(place) as folder:
        assert {path.name: path.read_text() for path in folder.iterdir()} == {
            "a.parquet": "rows",
            "b.json": "{}",
        }


def test_file_comes_back_as_it_was_delivered(bucket):
    with delivered(f"{bucket.uri}/report.html") as path:
        path.write_text("<p>")
    with fetched(f"{bucket.uri}/report.html") as path:
        assert path.read_text() == "<p>"


def test_what_is_there_is_seen_and_what_is_gone_is_removed(bucket):
    place = f"{bucket.uri}/again"
    with delivered(place) as folder:
        _write(folder, a_parquet="old", stale_parquet="old", b_json="{}")
    with delivered(place) as folder:
        assert (folder / "b.json").exists()
        (folder / "stale.parquet").unlink()
        _write(folder, a_parquet="new")
    assert bucket.keys("again/") == ["again/a.parquet", "again/b.json"]
    with fetched(place) as folder:
        assert (folder / "a.parquet").read_text() == "new"


def test_block_that_fails_delivers_nothing(bucket):
    def fail(folder):
        _write(folder, a_parquet="half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"), delivered(f"{bucket.uri}/half") as folder:
        fail(folder)
    assert bucket.keys("half/") == []


def test_removed_folder_is_gone_and_an_absent_one_is_fine(bucket):
    with delivered(f"{bucket.uri}/gone") as folder:
        _write(folder, a_json="{}")
    remove(f"{bucket.uri}/gone")
    remove(f"{bucket.uri}/gone")
    assert bucket.keys("gone/") == []


def test_nothing_at_an_address_is_said(bucket):
    with (
        pytest.raises(InputError, match=r"cannot read s3://pier/nowhere: there is nothing"),
        fetched(f"{bucket.uri}/nowhere"),
    ):
        pass


def test_bucket_that_is_not_there_is_one_line(endpoint):
    with pytest.raises(ServiceError, match="cannot use s3://no-such-bucket/out: ") as caught:  # noqa: SIM117 - the exit raises
        with delivered("s3://no-such-bucket/out") as folder:
            _write(folder, a_json="{}")
    assert "\n" not in str(caught.value)


def test_scheme_that_nobody_knows_is_one_line():
    with pytest.raises((InputError, ServiceError), match="sea://port/x"), fetched("sea://port/x"):
        pass
