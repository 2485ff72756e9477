"""The screen source's thread: every wish is answered, and what it holds goes with the gate."""

import threading
from collections.abc import Iterator

import pytest

from agent.core.triggers import Trigger
from agent.native.base import Grabber
from agent.sources.darkroom import MAX_WAITING, ScreenSource
from agent.sources.pictures import NoPicture, Picture, Wanted
from tests.agent.sources.test_screen import WINDOW, blank, write
from tests.support.fake_desktop import FakeGrabber
from tests.support.waiting import until


@pytest.fixture
def grabber() -> Iterator[FakeGrabber]:
    made = FakeGrabber()
    made.paint(1, blank())
    yield made
    made.close()


class Source:
    """A screen source with a gate that holds the display back."""

    def __init__(self, grabber: FakeGrabber) -> None:
        self.grabber = grabber
        self.go = threading.Event()
        self.go.set()
        self.woken = 0
        self.broken = False
        self.source = ScreenSource(self._open, self._wake)
        self.answers: list[tuple[int, Picture | NoPicture]] = []

    def _open(self) -> Grabber:
        self.go.wait()
        if self.broken:
            raise ConnectionError("no display")
        return self.grabber

    def _wake(self) -> None:
        self.woken += 1

    def ask(self, token: int) -> bool:
        return self.source.want(Wanted(window=1, trigger=Trigger.PRESS, token=token))

    def get(self, count: int) -> list[tuple[int, Picture | NoPicture]]:
        def enough() -> bool:
            self.answers += [(w.token, a) for w, a in self.source.answers()]
            return len(self.answers) >= count

        until(enough)
        return self.answers


@pytest.fixture
def source(grabber: FakeGrabber) -> Iterator[Source]:
    made = Source(grabber)
    yield made
    made.go.set()
    made.source.stop()


def test_every_wish_is_answered_in_order(source: Source) -> None:
    assert [source.ask(n) for n in range(3)] == [True] * 3
    answers = source.get(3)
    assert [token for token, _ in answers] == [0, 1, 2]
    assert isinstance(answers[0][1], Picture)
    assert answers[1:] == [(1, NoPicture("unchanged")), (2, NoPicture("unchanged"))]
    until(lambda: source.woken == 3)


def test_too_many_wishes_are_refused_and_none_is_lost(source: Source) -> None:
    source.go.clear()
    taken_ = [source.ask(n) for n in range(3 * MAX_WAITING)]
    assert MAX_WAITING <= sum(taken_) <= MAX_WAITING + 1
    source.go.set()
    assert len(source.get(sum(taken_))) == sum(taken_)


def test_stopping_hangs_up_and_numbers_go_on_afterwards(source: Source) -> None:
    source.ask(0)
    source.get(1)
    for _ in range(2):
        source.source.stop()
    assert source.grabber.closed
    source.ask(1)
    (_, first), (_, second) = source.get(2)
    assert isinstance(first, Picture)
    assert isinstance(second, Picture)
    assert second.number == first.number + 1, "two pictures of one number cannot be told apart"
    assert second.base is None


def test_a_display_that_cannot_be_opened_is_an_answer_too(source: Source) -> None:
    """A wish without an answer would hold back everything that happened after it."""
    source.broken = True
    assert source.ask(0)
    assert source.get(1) == [(0, NoPicture("no_display"))]
    source.broken = False
    source.ask(1)
    assert isinstance(source.get(2)[1][1], Picture)


def test_forgetting_makes_the_next_picture_whole(source: Source) -> None:
    source.ask(0)
    source.get(1)
    source.source.forget()
    source.ask(1)
    answer = source.get(2)[1][1]
    assert isinstance(answer, Picture)
    assert answer.base is None


def test_g3_a_picture_whose_gate_has_closed_is_not_taken(grabber: FakeGrabber) -> None:
    woken = threading.Event()
    source = ScreenSource(lambda: grabber, woken.set)
    source.cancel(before=WINDOW.token + 1)
    try:
        assert source.want(WINDOW)
        assert woken.wait(10)
        ((_, answer),) = source.answers()
    finally:
        source.stop()
    assert answer == NoPicture("gate_closed")
    assert grabber.given == []


def test_the_gates_window_is_watched_exactly_while_it_is_open(source: Source, grabber: FakeGrabber) -> None:
    source.source.attend(1)
    until(lambda: grabber.attended == [1])
    heeded = grabber.heeded
    grabber.paint(1, write(blank(), "new", (40, 60)))
    until(lambda: grabber.heeded > heeded, what="the display to be heard")
    source.ask(0)
    source.get(1)
    source.source.cancel(before=1)
    until(lambda: grabber.attended == [1, None])
    heeded = grabber.heeded
    grabber.paint(1, blank())
    source.source.attend(2)
    until(lambda: grabber.attended == [1, None, 2])
    source.source.stop()
    assert grabber.closed


def test_g6_the_last_picture_goes_with_the_gate(source: Source, grabber: FakeGrabber) -> None:
    """The next one is whole, though nothing else changed: nothing was kept to compare it with."""
    source.source.attend(1)
    source.ask(0)
    source.get(1)
    source.source.cancel(before=1)
    until(lambda: grabber.attended == [1, None])
    source.source.attend(1)
    source.ask(1)
    answer = source.get(2)[1][1]
    assert isinstance(answer, Picture)
    assert answer.base is None


def test_a_watch_that_fails_ends_no_thread(source: Source, grabber: FakeGrabber) -> None:
    grabber.fault = ConnectionError("the display is gone")
    source.source.attend(1)
    until(lambda: grabber.closed)
    grabber.fault = None
    source.ask(0)
    assert isinstance(source.get(1)[0][1], Picture)
