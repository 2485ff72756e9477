"""What a browser shows, from what its extensions say: only one page can have the keys, and only while it says so."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.site import FRESH_NS, MARGIN_NS, MAX_LAG_NS, Claim, Site, happened_ns, shown, stale_ns

ME, THEM = (10, 1), (11, 1)
NOW = 10**12
BEFORE = NOW - MARGIN_NS  # what is said NOW is certain until then
MAIL, CHAT = Site(origin="https://mail.example"), Site(origin="https://chat.example")
PRIVATE = Site(origin=None, private=True)
ELSEWHERE = Site(origin=None)


def claim(site: Site | None = MAIL, browser: tuple[int, int] = ME, at_ns: int = NOW, said_ns: int = NOW) -> Claim:
    return Claim(browser=browser, site=site, at_ns=at_ns, said_ns=said_ns)


def test_one_page_that_says_so_now_is_what_is_shown() -> None:
    assert shown([claim()], ME, BEFORE, NOW) == MAIL
    assert shown([claim(), claim(None), claim(CHAT, THEM)], ME, BEFORE, NOW) == MAIL
    assert shown([claim(PRIVATE)], ME, BEFORE, NOW) == PRIVATE


def test_nobody_said_anything() -> None:
    assert shown([], ME, NOW, NOW) is None
    assert shown([claim(browser=THEM)], ME, NOW, NOW) is None
    assert shown([claim(browser=(ME[0], 2))], ME, NOW, NOW) is None, "a process id that was used again"


def test_two_pages_of_one_browser_are_both_not_believed() -> None:
    assert shown([claim(), claim(CHAT)], ME, NOW, NOW) is None
    assert shown([claim(), claim()], ME, NOW, NOW) is None
    assert shown([claim(), claim(PRIVATE)], ME, NOW, NOW) is None


def test_no_page_of_any_profile_has_the_keys() -> None:
    assert shown([claim(None), claim(None)], ME, NOW, NOW + 10 * FRESH_NS) == ELSEWHERE


def test_what_was_said_of_the_window_before_is_not_of_this_one() -> None:
    assert shown([claim(at_ns=NOW - 1)], ME, NOW, NOW) is None
    assert shown([claim(None, at_ns=NOW - 1)], ME, NOW, NOW) is None
    assert shown([claim(CHAT, at_ns=BEFORE - 1), claim(at_ns=NOW)], ME, BEFORE, NOW) == MAIL


def test_a_page_may_have_meant_the_window_before_by_as_much_as_its_word_was_late() -> None:
    late = claim(said_ns=NOW + 30)
    assert late.settled_ns == NOW - 30 - MARGIN_NS
    assert shown([late], ME, late.settled_ns, NOW + 30) == MAIL
    assert shown([late], ME, late.settled_ns + 1, NOW + 30) is None
    assert shown([late, claim(None)], ME, late.settled_ns + 1, NOW + 30) is None
    assert claim(said_ns=NOW - 5).settled_ns == NOW - MARGIN_NS, "from the future: as of its arrival"


def test_a_page_that_falls_silent_is_not_believed() -> None:
    assert shown([claim()], ME, BEFORE, NOW + FRESH_NS - 1) == MAIL
    assert shown([claim()], ME, BEFORE, NOW + FRESH_NS) is None
    assert stale_ns([claim(), claim(None, said_ns=1)]) == NOW + FRESH_NS
    assert stale_ns([claim(None)]) is None


SITES = st.sampled_from([None, MAIL, CHAT, PRIVATE])
CLAIMS = st.lists(
    st.builds(
        claim,
        SITES,
        st.sampled_from([ME, THEM]),
        st.integers(NOW - 5, NOW + 5) | st.integers(NOW, NOW + 3 * MARGIN_NS),
        st.integers(NOW - FRESH_NS - 5, NOW + 3 * MARGIN_NS),
    ),
    max_size=4,
)


@given(CLAIMS, CLAIMS)
def test_more_claims_never_make_a_known_site_another_one(some: list[Claim], more: list[Claim]) -> None:
    before = shown(some, ME, NOW, NOW)
    after = shown([*some, *more], ME, NOW, NOW)
    if before not in (None, ELSEWHERE):
        assert after in (before, None)
    if after not in (None, ELSEWHERE):
        told = [c for c in [*some, *more] if c.browser == ME and c.at_ns >= NOW and c.site is not None]
        (page,) = told
        assert page.site == after
        assert NOW - page.said_ns < FRESH_NS
        assert page.settled_ns >= NOW


@given(st.integers(0, 2**53 - 1), st.integers(0, 2**62), st.integers(0, 2**62))
def test_no_clock_of_a_page_reaches_far_back_or_ahead(at_ms: int, wall_ns: int, now_ns: int) -> None:
    assert now_ns - MAX_LAG_NS <= happened_ns(at_ms, wall_ns, now_ns) <= now_ns


def test_when_it_happened() -> None:
    assert happened_ns(1_000, 1_030 * 10**6, 500 * 10**6) == 470 * 10**6
    assert happened_ns(1_031, 1_030 * 10**6, 500 * 10**6) == 500 * 10**6
    assert happened_ns(1_000, 1_000 * 10**6 + MAX_LAG_NS + 1, 500 * 10**6) == 500 * 10**6 - MAX_LAG_NS


def test_nothing_is_printed_of_a_site() -> None:
    for shown_as in (repr(MAIL), str(MAIL), repr(claim()), str(claim()), f"{claim()}"):
        assert "example" not in shown_as
