"""Calls that may never come back: whoever asks is told in time, and the next is served once the late one is back."""

from __future__ import annotations

import os
import time
from threading import Event, Thread, get_ident

import pytest

from meterhouse.store.patient_thread import PatientThread

SOON = 10.0


@pytest.fixture
def thread():
    patient = PatientThread("patient", 0.2)
    yield patient
    patient.close()


def until_served(thread, work):
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        try:
            return thread.call(work)
        except TimeoutError:
            time.sleep(0.01)
    raise AssertionError("it never served again")


def test_every_call_is_made_on_one_thread_that_is_not_the_caller_s(thread):
    idents = {thread.call(get_ident) for _ in range(3)}
    assert len(idents) == 1
    assert get_ident() not in idents


def test_what_a_call_raises_is_the_caller_s_and_the_next_is_served(thread):
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 // 0)
    assert thread.call(lambda: 7) == 7


def test_a_call_without_end_is_given_up_and_those_behind_it_are_told_at_once_until_it_is_back(thread):
    back = Event()
    with pytest.raises(TimeoutError):
        thread.call(back.wait)
    start = time.monotonic()
    for _ in range(100):
        with pytest.raises(TimeoutError):
            thread.call(lambda: 7)
    assert time.monotonic() - start < 100 * 0.2 / 2, "each waited for the call that does not come back"
    back.set()
    assert until_served(thread, lambda: 7) == 7


def test_a_call_that_was_given_up_while_it_waited_is_never_made(thread):
    back, made, failed = Event(), [], []

    def ask(work):
        try:
            thread.call(work)
        except TimeoutError as error:
            failed.append(error)

    asking = [Thread(target=ask, args=(work,)) for work in (back.wait, lambda: made.append(1))]
    for one in asking:
        one.start()
        time.sleep(0.02)
    for one in asking:
        one.join(SOON)
    back.set()
    until_served(thread, lambda: None)
    assert len(failed) == 2
    assert made == []


def test_it_serves_again_after_a_fork_and_after_its_end(thread):
    assert thread.call(lambda: 1) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if thread.call(lambda: 2) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    thread.close()
    assert thread.call(lambda: 3) == 3
