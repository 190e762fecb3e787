from __future__ import annotations

import signal

import pytest

from api.supervisor.signals import StopRequested, StopSignal


def test_a_signal_is_raised_once_and_remembered() -> None:
    stop = StopSignal()
    stop.check()
    with stop.listening():
        with pytest.raises(StopRequested):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(StopRequested):
            stop.check()


def test_inside_a_shield_it_is_held_back_to_the_end() -> None:
    stop, finished = StopSignal(), []

    def shielded() -> None:
        with stop.shielded():
            signal.raise_signal(signal.SIGHUP)
            finished.append(True)

    with stop.listening(), pytest.raises(StopRequested):
        shielded()
    assert finished == [True]


def test_who_is_deaf_hears_nothing_and_the_old_handlers_come_back() -> None:
    stop, before = StopSignal(), signal.getsignal(signal.SIGINT)
    with stop.listening(), stop.deaf():
        signal.raise_signal(signal.SIGINT)
    stop.check()
    assert signal.getsignal(signal.SIGINT) is before
