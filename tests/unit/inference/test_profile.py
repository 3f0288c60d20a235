"""A profile says where the time went, what binds, and what to change."""

import json
import threading
import time

import pytest

from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.inference.profile import Profile, read_profiles, write_profiles
from seatrial.inference.stages import Stages
from seatrial.progress import progress
from seatrial.steps import evaluate_model

_STAGES = ["read", "decode", "waiting", "copy", "forward", "write"]


def _profile(*, gpu_seconds=None, workers=2, precision="float32", read=0.1, decode=0.1, **main):
    return Profile(
        images=100,
        seconds=10.0,
        start_seconds=1.0,
        main={"waiting": 0.1, "copy": 0.1, "forward": 0.1, "write": 0.1} | main,
        threads={"read": read, "decode": decode},
        workers=workers,
        batch_size=8,
        device="a device",
        on_processor=gpu_seconds is None,
        precision=precision,
        cores=2,
        gpu_seconds=gpu_seconds,
        gpu_bytes=None if gpu_seconds is None else 1,
    )


@pytest.mark.parametrize(
    ("profile", "binds", "advice"),
    [
        (_profile(waiting=8.0, read=9.0), "read", "more --workers, whose reads overlap"),
        (_profile(waiting=8.0, decode=8.0, workers=1), "decode", "1 threads decode, and there are 2 cores"),
        (_profile(waiting=8.0, decode=16.0), "decode", "smaller images, or more cores"),
        (_profile(waiting=8.0, decode=16.0, gpu_seconds=1.0), "decode", "decode on the GPU"),
        (_profile(copy=8.0), "copy", "a smaller input of the model"),
        (_profile(forward=9.0), "forward", "a GPU, more cores"),
        (_profile(forward=9.0, gpu_seconds=8.9), "forward", "--precision bfloat16"),
        (_profile(forward=9.0, gpu_seconds=8.9, precision="bfloat16"), "forward", "this one is busy"),
        (_profile(forward=9.0, gpu_seconds=4.0), "launch", "a larger --batch-size, or --compile"),
        (_profile(write=6.0), "write", "a faster disk"),
    ],
)
def test_what_takes_most_of_the_main_thread_binds(profile, binds, advice):
    assert profile.binds == binds
    assert advice in profile.advice
    assert profile.as_json()["binds"] == binds
    assert advice in profile.lines()[-1]


def test_shares_are_of_the_time_of_those_who_do_it():
    profile = _profile(decode=8.0, forward=9.0, workers=4)
    assert profile.shares["decode"] == pytest.approx(8 / (10 * 4))
    assert profile.shares["forward"] == pytest.approx(0.9)
    assert profile.rate == pytest.approx(10)


def test_decoding_rests_while_the_processor_computes():
    stages = Stages(take_turns=True)
    computing, decoded = threading.Event(), threading.Event()

    def decode():
        computing.wait()
        with stages.of("read"):  # reading does not wait
            pass
        with stages.of("decode"):
            decoded.set()

    thread = threading.Thread(target=decode)
    thread.start()
    with stages.computing():
        computing.set()
        assert not decoded.wait(0.2)
    thread.join(5)
    assert decoded.is_set()
    assert stages.seconds("forward") >= 0.2
    assert stages.seconds("decode") < 0.2  # resting is not decoding


def test_beside_a_gpu_decoding_never_rests():
    stages = Stages(take_turns=False)
    with stages.computing(), stages.of("decode"):
        pass
    assert stages.seconds("decode") > 0


def test_decoding_goes_on_when_the_model_fails():
    stages = Stages(take_turns=True)
    with pytest.raises(ValueError, match="broken"), stages.computing():
        raise ValueError("broken")
    with stages.of("decode"):
        pass


def test_the_progress_says_how_busy_a_gpu_is(capsys):
    stages = Stages()
    assert stages.remark() == ""
    stages.add_device_seconds(1e9)
    with progress("evaluate", 1, "images", stages.remark) as advance:
        advance(1)
    assert "images/s, GPU 100% busy)" in capsys.readouterr().err


@pytest.fixture
def evaluate(image_folder, tiny_networks, tmp_path):
    options = ModelOptions.parse({"preprocess": {"resize": 8, "crop": 8}}, "test")

    def run(out, **arguments):
        model, dataset = "python:tiny_networks:tiny", f"images:{image_folder}"
        return evaluate_model.run(model, dataset, tmp_path / out, options=options, device="cpu", **arguments)

    return run


def test_a_profiled_evaluation_is_the_same_evaluation(evaluate, tmp_path, capsys):
    start = time.perf_counter()
    evaluate("profiled", profile=True)
    wall = time.perf_counter() - start
    evaluate("plain")
    assert EvaluationTable.digest(tmp_path / "profiled") == EvaluationTable.digest(tmp_path / "plain")
    assert not (tmp_path / "plain" / "profile.json").exists()
    (found,) = read_profiles(tmp_path / "profiled")
    assert list(found["stages"]) == _STAGES
    assert found["images"] == 20
    spent = [found["stages"][name]["seconds"] for name in _STAGES[2:]]
    assert 0 < sum(spent) <= found["seconds"] <= wall
    assert found["stages"]["decode"]["seconds"] > 0
    said = capsys.readouterr().err
    assert f"binds: {found['advice']}" in said
    assert "20 images in" in said


def test_an_evaluation_made_again_without_a_profile_has_none(evaluate, tmp_path):
    evaluate("out", profile=True)
    evaluate("out", force=True)
    assert not (tmp_path / "out" / "profile.json").exists()


def test_the_profiles_of_several_processes_are_in_one_file(tmp_path):
    write_profiles(tmp_path, [_profile(forward=9.0).as_json(), _profile(copy=9.0).as_json()])
    assert [one["binds"] for one in read_profiles(tmp_path)] == ["forward", "copy"]
    assert json.loads((tmp_path / "profile.json").read_text())["schema_version"] == 1
