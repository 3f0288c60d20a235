"""The pass over images as a whole: killed and resumed, repeated without reading, in little memory."""

import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import read_dataset
from seatrial.images import ImageStore, using_store
from seatrial.quality import measure
from seatrial.steps import check_data

FOUND_NOTHING = ("broken", "dark", "uniform", "exact_duplicates", "near_duplicates")
CHECKS = ("broken", "dark", "noisy", "outliers", "exact_duplicates", "near_duplicates")


def written(folder, count, side=48):
    for number in range(count):
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
        path = folder / ("cat" if number % 2 else "dog") / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse.resize((side, side), Image.Resampling.BICUBIC).save(path, "JPEG", quality=85)
    return f"images:{folder}"


def everything(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_second_run_over_unchanged_images_opens_none_of_them(tmp_path, opened):
    data = written(tmp_path / "data", 40)
    time.sleep(0.2)  # until then a file could be changed without another time stamp
    with opened(tmp_path / "data") as names:
        report = check_data.run(data, tmp_path / "one", only=FOUND_NOTHING, cache=tmp_path / "cache")
    assert len(names) == len(set(names)) == 40  # each is read once, for digest and measurements together
    assert report.findings == ()  # the page of findings shows pictures of what was found
    with opened(tmp_path / "data") as names:
        check_data.run(data, tmp_path / "two", only=FOUND_NOTHING, cache=tmp_path / "cache")
    assert names == []
    assert everything(tmp_path / "one") == everything(tmp_path / "two")


def measured(data, cache):
    store = ImageStore(cache, measuring=True)
    with using_store(store):
        return measure(read_dataset(data), store=store)


def test_only_what_was_changed_added_or_touched_is_read(tmp_path, opened):
    data = written(tmp_path / "data", 12)
    time.sleep(0.2)
    measured(data, tmp_path / "cache")
    folder = tmp_path / "data" / "cat"
    (folder / "000001.jpg").write_bytes((folder / "000003.jpg").read_bytes())
    (folder / "new.jpg").write_bytes((folder / "000005.jpg").read_bytes())
    os.utime(folder / "000007.jpg")
    (folder / "000009.jpg").unlink()
    with opened(tmp_path / "data") as names:
        again = measured(data, tmp_path / "cache")
    assert sorted(names) == ["000001.jpg", "000007.jpg", "new.jpg"]
    pixels = dict(zip(again.ids, again.pixels(), strict=True))
    assert pixels["cat/000001.jpg"] == pixels["cat/000003.jpg"] != pixels["cat/000005.jpg"]
    assert pixels["cat/new.jpg"] == pixels["cat/000005.jpg"]


PROGRAM = """
import sys
from pathlib import Path
from seatrial.images import reading
from seatrial.steps import check_data
reading._BATCH = 16
data, out, cache = sys.argv[1:]
check_data.run(data, Path(out), only={checks!r}, cache=Path(cache))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_in_the_middle_goes_on_and_gives_the_same_bytes(tmp_path, opened):
    data = written(tmp_path / "data", 600, side=400)
    time.sleep(0.2)
    cache = tmp_path / "cache"
    program = [sys.executable, "-c", PROGRAM.format(checks=CHECKS), data, str(tmp_path / "out"), str(cache)]
    running = subprocess.Popen(program, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(cache.glob("images-*/images/*.parquet"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    with opened(tmp_path / "data") as names:
        check_data.run(data, tmp_path / "resumed", only=CHECKS, cache=cache)
    assert 0 < len(names) < 600  # what had been measured was not read again
    check_data.run(data, tmp_path / "whole", only=CHECKS)
    assert everything(tmp_path / "resumed") == everything(tmp_path / "whole")


def test_the_number_of_threads_does_not_matter(tmp_path, monkeypatch):
    data = written(tmp_path / "data", 30)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    check_data.run(data, tmp_path / "one", only=CHECKS)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(7)))
    check_data.run(data, tmp_path / "seven", only=CHECKS)
    assert everything(tmp_path / "one") == everything(tmp_path / "seven")


MEMORY = """
import resource, sys
from seatrial.datasets import read_dataset
from seatrial.images import ImageStore, using_store
from seatrial.quality import measure
store = ImageStore(measuring=True)
with using_store(store):
    manifest = read_dataset(sys.argv[1])
data = measure(manifest, store=store)
assert len(data) == data.readable.sum()
print(len(data), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_hundred_thousand_small_images_take_a_few_kilobytes_each(tmp_path):
    """Of 100,000 files, hard links to 50 of them: what counts is how many there are."""
    peaks = {}
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(
        stream, "PNG"
    )
    for count in (5_000, 100_000):
        folder = tmp_path / str(count) / "cat"
        folder.mkdir(parents=True)
        for number in range(count):
            if number % 20_000 == 0:  # a file system bounds the links of a file
                source = folder / f"{number}.png"
                source.write_bytes(stream.getvalue())
            else:
                os.link(source, folder / f"{number}.png")
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, f"images:{folder.parent}"],
            check=True,
            capture_output=True,
            text=True,
        )
        measured, peak = map(int, done.stdout.split())
        assert measured == count
        peaks[count] = peak * 1024
    assert (peaks[100_000] - peaks[5_000]) / 95_000 < 6_000  # bytes an image, everything included


def test_the_manifest_is_the_same_whether_images_were_known_or_not(tmp_path):
    data = written(tmp_path / "data", 8)
    (tmp_path / "data" / "cat" / "truncated.jpg").write_bytes(
        (tmp_path / "data" / "cat" / "000001.jpg").read_bytes()[:600]
    )
    plain = read_dataset(data)
    for measuring in (True, False, True):
        with using_store(ImageStore(tmp_path / "cache", measuring=measuring)):
            assert read_dataset(data).table.equals(plain.table)
