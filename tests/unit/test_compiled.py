"""Kernels are compiled, and kept where they can be."""

import threading

import numpy as np
import pytest

from seatrial.compiled import compiled, in_threads

SOURCE = """
def half(values, out):
    for place in range(len(values)):
        out[place] = values[place] / 2
"""


def test_a_kernel_that_cannot_be_kept_is_compiled_all_the_same():
    """A function without a file has no folder for its machine code, like a package on a read-only disk."""
    written = {}
    exec(compile(SOURCE, "<nowhere>", "exec"), written)
    values, out = np.array([1.0, 3.0]), np.empty(2)
    compiled(written["half"])(values, out)
    assert out.tolist() == [0.5, 1.5]


def test_tasks_are_done_in_as_many_threads_as_there_may_be(monkeypatch):
    monkeypatch.setattr("seatrial.compiled.threads", lambda: 3)
    meeting = threading.Barrier(3, timeout=20)
    done = []

    def work(task):
        meeting.wait()
        done.append(task)

    in_threads(work, range(3))
    assert sorted(done) == [0, 1, 2]


def test_one_thread_works_in_order(monkeypatch):
    monkeypatch.setattr("seatrial.compiled.threads", lambda: 1)
    done = []
    in_threads(done.append, range(4))
    assert done == [0, 1, 2, 3]


def test_what_goes_wrong_in_a_thread_is_not_lost(monkeypatch):
    monkeypatch.setattr("seatrial.compiled.threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda task: 1 / task, [1, 0])
