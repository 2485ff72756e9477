"""Whatever happens in whatever order: every batch's account balances, fits its events, and nothing is unaccounted."""

import itertools
import random
import string

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.core.account import EMPTY, UNACCOUNTED, add
from agent.core.gate import Dropped
from schemas.events import Modality
from tests.agent.pipeline.pipeline_rig import Rig, kept_of
from tests.support.fake_clock import MS_NS, S_NS
from tests.support.fake_desktop import BACKSPACE

SECRET = "password: " + "".join(random.Random(6).choices(string.ascii_letters + string.digits, k=12)) + " "  # noqa: S311
ON = precondition(lambda self: self.rig.ground is not None)


class Pipelining(RuleBasedStateMachine):
    """Random work, in and out of gates, with wipes, late pictures and status calls in between."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig()
        self.tokens: list[int] = []
        self.number = 0
        self.foreign = 0

    @rule(window=st.integers(1, 3), consent=st.integers(1, 2))
    def enter(self, window: int, consent: int) -> None:
        if self.rig.ground is not None:
            self.rig.leave()
        self.rig.enter(window, consent)

    @ON
    @rule(title=st.sampled_from(["a", "b", "mail to ada@example.com"]))
    def retitle(self, title: str) -> None:
        self.rig.retitle(title)

    @ON
    @rule()
    def leave(self) -> None:
        self.rig.leave()

    @ON
    @rule(text=st.sampled_from(["a", "hello ", "ada@example.com ", SECRET]))
    def type(self, text: str) -> None:
        self.rig.type(text)

    @ON
    @rule(count=st.integers(1, 20))
    def erase(self, count: int) -> None:
        for _ in range(count):
            self.rig.press(keysym=BACKSPACE)

    @ON
    @rule()
    def move(self) -> None:
        self.rig.move()

    @ON
    @rule()
    def scroll(self) -> None:
        self.rig.scroll()

    @rule()
    def click(self) -> None:
        self.rig.pipe.click()

    @rule(modality=st.sampled_from(Modality))
    def foreign_input(self, modality: Modality) -> None:
        self.rig.pipe.drop(Dropped(modality, "other_window"))
        self.rig.seen[modality.value] += 1

    @ON
    @rule()
    def shoot(self) -> None:
        self.tokens.append(self.rig.shoot())

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), taken=st.booleans())
    def answer(self, data: st.DataObject, *, taken: bool) -> None:
        token = self.tokens.pop(data.draw(st.integers(0, len(self.tokens) - 1)))
        if taken:
            self.rig.answer(token, self.number)
            self.number += 1
        else:
            self.rig.no_answer(token)

    @rule(later=st.sampled_from([MS_NS, S_NS, 9 * S_NS, 301 * S_NS]))
    def tick(self, later: int) -> None:
        self.rig.clock.advance(later)
        self.rig.pipe.tick(self.rig.clock.monotonic_ns())

    @rule()
    def wipe(self) -> None:
        before = len(self.rig.batches)
        self.rig.pipe.wipe()
        self.rig.ground = None
        self.rig.pipe.flush()
        assert len(self.rig.batches) == before
        assert self.rig.pipe.held == 0

    @rule()
    def close(self) -> None:
        self.rig.pipe.flush()

    @rule()
    def status(self) -> None:
        totals = self.rig.pipe.totals()
        held = self.rig.pipe.held
        assert totals.balances()
        assert sum(totals.seen.values()) + held == self.rig.seen.total()

    @invariant()
    def every_batch_balances_and_fits_its_events(self) -> None:
        for batch in self.rig.batches:
            account = batch.payload.account
            assert account.balances()
            assert account.kept == kept_of(batch)
            assert min((n for d in account.dropped.values() for n in d.values()), default=0) >= 0
            assert not [d for d in account.dropped.values() if d.get(UNACCOUNTED)]
            assert {e.consent for e in batch.payload.events} == {batch.authority.consent}

    @invariant()
    def numbers_count_up(self) -> None:
        numbers = [event.seq for event in self.rig.events()]
        assert all(a < b for a, b in itertools.pairwise(numbers))

    def teardown(self) -> None:
        """At the end nothing is held, and the batches say together what the totals say."""
        for token in self.tokens:
            self.rig.no_answer(token)
        if self.rig.ground is not None:
            self.rig.leave()
        self.rig.pipe.click()
        self.rig.pipe.flush()
        totals = self.rig.pipe.totals()
        assert self.rig.pipe.held == 0
        assert totals.seen == dict(+self.rig.seen)
        told = EMPTY
        for batch in self.rig.batches:
            told = add(told, batch.payload.account)
        assert told.kept == totals.kept


TestPipelining = Pipelining.TestCase
TestPipelining.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
