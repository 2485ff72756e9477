"""G9: seen = kept + dropped, always; and what is lost without a decision shows."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.core.account import EMPTY, UNACCOUNTED, Account, add
from schemas.events import LossAccount, Modality

MODALITIES = st.sampled_from(Modality)
REASONS = st.sampled_from(["redacted", "overflow", "withdrawn", "unchanged"])


class Accounting(RuleBasedStateMachine):
    """An account beside a plain tally of the same acts."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.total = EMPTY
        self.held: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.lost: Counter[str] = Counter()

    @rule(modality=MODALITIES)
    def see(self, modality: Modality) -> None:
        self.account.see(modality)
        self.held[modality.value] += 1

    @precondition(lambda self: self.held.total())
    @rule(data=st.data())
    def keep(self, data: st.DataObject) -> None:
        modality = self._held(data)
        self.account.keep(modality)
        self.held[modality.value] -= 1
        self.kept[modality.value] += 1

    @precondition(lambda self: self.held.total())
    @rule(data=st.data(), reason=REASONS)
    def drop(self, data: st.DataObject, reason: str) -> None:
        modality = self._held(data)
        self.account.drop(modality, reason)
        self.held[modality.value] -= 1
        self.dropped[modality.value, reason] += 1

    @precondition(lambda self: self.kept.total())
    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(+self.kept)))
        self.account.revoke(Modality(name), "withdrawn")
        self.kept[name] -= 1
        self.dropped[name, "withdrawn"] += 1

    @precondition(lambda self: self.held.total())
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """A fault: an observation vanishes from memory and nobody says so."""
        name = self._held(data).value
        self.held[name] -= 1
        self.lost[name] += 1

    @rule()
    def take(self) -> None:
        news = self.account.take(self.held)
        assert news.balances()
        self.total = add(self.total, news)
        assert self.total.balances()
        assert self.total.kept == dict(+self.kept)
        told = {(m, r): n for m, reasons in self.total.dropped.items() for r, n in reasons.items() if n}
        expected = +self.dropped + Counter({(m, UNACCOUNTED): n for m, n in self.lost.items() if n})
        assert told == dict(expected)
        seen = self.kept + Counter(dict.fromkeys(self.kept, 0)) + self.lost
        for (modality, _), count in self.dropped.items():
            seen[modality] += count
        assert self.total.seen == dict(+seen)

    @invariant()
    def counts_are_never_negative(self) -> None:
        assert all(n >= 0 for n in (*self.total.seen.values(), *self.total.kept.values()))

    def _held(self, data: st.DataObject) -> Modality:
        return Modality(data.draw(st.sampled_from(sorted(+self.held))))


TestAccounting = Accounting.TestCase


def test_what_is_held_is_not_told_yet() -> None:
    account = Account()
    for _ in range(3):
        account.see(Modality.KEYBOARD)
    account.keep(Modality.KEYBOARD)
    assert account.take({"keyboard": 2}) == LossAccount(seen={"keyboard": 1}, kept={"keyboard": 1}, dropped={})
    account.drop(Modality.KEYBOARD, "redacted")
    account.keep(Modality.KEYBOARD)
    expected = LossAccount(seen={"keyboard": 2}, kept={"keyboard": 1}, dropped={"keyboard": {"redacted": 1}})
    assert account.take({}) == expected


def test_a_lost_observation_is_unaccounted_once() -> None:
    account = Account()
    account.see(Modality.SCREEN)
    assert account.take({}).dropped == {"screen": {UNACCOUNTED: 1}}
    assert account.take({}) == EMPTY


COUNTS = st.dictionaries(st.sampled_from(["keyboard", "pointer"]), st.integers(1, 9))
ACCOUNTS = st.builds(
    lambda kept, dropped: LossAccount(
        seen=dict(Counter(kept) + Counter({m: sum(r.values()) for m, r in dropped.items()})),
        kept=kept,
        dropped={m: r for m, r in dropped.items() if r},
    ),
    COUNTS,
    st.dictionaries(st.sampled_from(["keyboard", "screen"]), st.dictionaries(REASONS, st.integers(1, 9))),
)


@given(ACCOUNTS, ACCOUNTS, ACCOUNTS)
def test_adding_accounts(a: LossAccount, b: LossAccount, c: LossAccount) -> None:
    assert add(a, b) == add(b, a)
    assert add(add(a, b), c) == add(a, add(b, c))
    assert add(a, EMPTY) == a
    assert add(a, b).balances()
    assert LossAccount(seen={}, kept={}, dropped={}) == EMPTY
