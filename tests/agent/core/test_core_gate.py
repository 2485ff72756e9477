"""The gate's two decisions, as tables."""

from datetime import UTC, datetime

import msgspec
import pytest

from agent.core.gate import Allowed, Dropped, Open, decide, judge_focus, titled
from agent.core.observe import Observation, WindowInfo
from agent.core.scope import app_of, browsers, narrow, offered, shows_sites
from agent.core.site import Site
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier
from schemas.status import ClosedReason as R
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import clipboard_seen, key_seen, pointer_seen, scroll_seen, window

CLOCK = FakeClock()
NOW = CLOCK.monotonic_ns()
ALL = frozenset(Modality)
SCREEN_ONLY = (Modality.SCREEN,)
MAIL = AppRule(
    id="mail", name="Mail", category="mail", executables=("/usr/bin/mail",), modalities=tuple(sorted(Modality))
)
SHY = AppRule(id="shy", name="Shy", category="mail", executables=("/usr/bin/shy",), modalities=SCREEN_ONLY)
POLICY = Policy(
    study="s",
    version=1,
    issued=datetime(2026, 1, 1, tzinfo=UTC),
    expires=datetime(2027, 1, 1, tzinfo=UTC),
    apps=(MAIL, SHY),
    timing=TimingTier.EXACT,
)
KEY, MOVE, SCROLL, COPY = key_seen(CLOCK, "a"), pointer_seen(CLOCK), scroll_seen(CLOCK), clipboard_seen(CLOCK)


def gate(number: int = 1, modalities: frozenset[Modality] = ALL, since_ns: int = NOW) -> Open:
    return Open(window=window(number), app=MAIL, modalities=modalities, since_ns=since_ns)


@pytest.mark.parametrize("seen", [KEY, MOVE, SCROLL, COPY])
@pytest.mark.parametrize(
    ("opened", "reason"),
    [
        (None, "gate_closed"),
        (gate(2), "other_window"),
        (gate(modalities=frozenset()), "modality_not_agreed"),
        (gate(modalities=frozenset({Modality.SCREEN})), "modality_not_agreed"),
        (gate(since_ns=NOW + 1), "before_gate"),
        (gate(2, frozenset(), NOW + 1), "other_window"),
        (gate(modalities=frozenset(), since_ns=NOW + 1), "modality_not_agreed"),
        (gate(), None),
        (gate(since_ns=NOW - 1), None),
    ],
)
def test_decide(seen: Observation, opened: Open | None, reason: str | None) -> None:
    modality = Modality.KEYBOARD if seen in (KEY, COPY) else Modality.POINTER
    expected = Dropped(modality, reason) if reason else Allowed(seen, opened)  # type: ignore[arg-type]
    assert decide(seen, opened) == expected


@pytest.mark.parametrize("agreed", [Modality.KEYBOARD, Modality.POINTER])
def test_decide_by_modality(agreed: Modality) -> None:
    opened = gate(modalities=frozenset({agreed}))
    assert isinstance(decide(KEY, opened), Allowed) is (agreed is Modality.KEYBOARD)
    assert isinstance(decide(MOVE, opened), Allowed) is (agreed is Modality.POINTER)
    assert isinstance(decide(SCROLL, opened), Allowed) is (agreed is Modality.POINTER)


EVERYTHING = offered(POLICY)
KEYS_IN_MAIL = Scope(
    apps=(AppScope(app="mail", modalities=(Modality.KEYBOARD,), screen=ScreenMode.NONE),), timing=TimingTier.EXACT
)
NOTHING = Scope(apps=(), timing=TimingTier.ORDER)
UNKNOWN_PROCESS = msgspec.structs.replace(window(), pid=None)


@pytest.mark.parametrize(
    ("info", "scope", "reason", "rule", "modalities"),
    [
        (None, EVERYTHING, R.FOCUS_UNKNOWN, None, frozenset()),
        (window(executable=None), EVERYTHING, R.FOCUS_UNKNOWN, None, frozenset()),
        (UNKNOWN_PROCESS, EVERYTHING, R.FOCUS_UNKNOWN, None, frozenset()),
        (window(executable="/usr/bin/other"), EVERYTHING, R.APP_NOT_ALLOWED, None, frozenset()),
        (window(executable="/home/me/mail"), EVERYTHING, R.APP_NOT_ALLOWED, None, frozenset()),
        (window(), NOTHING, R.MODALITY_NOT_AGREED, MAIL, frozenset()),
        (window(executable="/usr/bin/shy"), KEYS_IN_MAIL, R.MODALITY_NOT_AGREED, SHY, frozenset()),
        (window(), KEYS_IN_MAIL, None, MAIL, frozenset({Modality.KEYBOARD})),
        (window(executable="/usr/bin/shy"), EVERYTHING, None, SHY, frozenset({Modality.SCREEN})),
        (window(), EVERYTHING, None, MAIL, ALL),
    ],
)
def test_judge_focus(
    info: WindowInfo | None, scope: Scope, reason: R | None, rule: AppRule | None, modalities: frozenset[Modality]
) -> None:
    assert judge_focus(info, POLICY, narrow(scope, offered(POLICY))) == (reason, rule, modalities)


def test_a_name_or_title_decides_nothing() -> None:
    forged = msgspec.structs.replace(window(executable="/opt/evil"), wm_class="mail", title="Mail")
    assert judge_focus(forged, POLICY, EVERYTHING)[0] is R.APP_NOT_ALLOWED


BROWSER = "/usr/lib/chromium/chromium"
WEBMAIL = AppRule(
    id="webmail",
    name="Webmail",
    category="mail",
    executables=(BROWSER, "/usr/lib/firefox/firefox"),
    origins=("https://calendar.example", "https://mail.example"),
    modalities=tuple(sorted(Modality)),
)
WEBCHAT = AppRule(
    id="webchat",
    name="Chat",
    category="chat",
    executables=(BROWSER,),
    origins=("https://chat.example",),
    modalities=SCREEN_ONLY,
)
WEB = POLICY.model_copy(update={"apps": (MAIL, WEBMAIL, WEBCHAT)})
ON_MAIL, ON_CHAT = Site(origin="https://mail.example"), Site(origin="https://chat.example")


@pytest.mark.parametrize(
    ("executable", "site", "reason", "rule"),
    [
        (BROWSER, None, R.ORIGIN_UNKNOWN, None),
        (BROWSER, Site(origin=None), R.APP_NOT_ALLOWED, None),
        (BROWSER, Site(origin=None, private=True), R.PRIVATE_WINDOW, None),
        (BROWSER, Site(origin="https://mail.example", private=True), R.PRIVATE_WINDOW, None),
        (BROWSER, Site(origin="https://evil.example"), R.APP_NOT_ALLOWED, None),
        (BROWSER, Site(origin="https://mail.example:8443"), R.APP_NOT_ALLOWED, None),
        (BROWSER, Site(origin="http://mail.example"), R.APP_NOT_ALLOWED, None),
        (BROWSER, Site(origin="https://mail.example.evil.example"), R.APP_NOT_ALLOWED, None),
        (BROWSER, ON_MAIL, None, WEBMAIL),
        (BROWSER, Site(origin="https://evil.example", secret=True), R.APP_NOT_ALLOWED, None),
        (BROWSER, Site(origin="https://calendar.example"), None, WEBMAIL),
        (BROWSER, ON_CHAT, None, WEBCHAT),
        ("/usr/lib/firefox/firefox", ON_MAIL, None, WEBMAIL),
        ("/usr/lib/firefox/firefox", ON_CHAT, R.APP_NOT_ALLOWED, None),
        ("/home/me/chromium", ON_MAIL, R.APP_NOT_ALLOWED, None),
        ("/usr/bin/mail", None, None, MAIL),
        ("/usr/bin/mail", ON_CHAT, None, MAIL),
        ("/usr/bin/mail", Site(origin="https://chat.example", secret=True), None, MAIL),
    ],
)
def test_judge_a_site(executable: str, site: Site | None, reason: R | None, rule: AppRule | None) -> None:
    modalities = frozenset(rule.modalities) if rule else frozenset()
    assert judge_focus(window(executable=executable), WEB, offered(WEB), site) == (reason, rule, modalities)


def test_a_site_that_was_not_agreed_to() -> None:
    agreed = narrow(offered(WEB), offered(WEB.model_copy(update={"apps": (WEBCHAT,)})))
    assert judge_focus(window(executable=BROWSER), WEB, agreed, ON_MAIL) == (
        R.MODALITY_NOT_AGREED,
        WEBMAIL,
        frozenset(),
    )
    asked = msgspec.structs.replace(ON_MAIL, secret=True)
    assert judge_focus(window(executable=BROWSER), WEB, agreed, asked)[0] is R.MODALITY_NOT_AGREED
    assert judge_focus(window(executable=BROWSER), WEB, agreed, ON_CHAT)[0] is None


def test_a_field_for_a_secret_of_a_site_that_is_allowed() -> None:
    asked = msgspec.structs.replace(ON_MAIL, secret=True)
    found = judge_focus(window(executable=BROWSER), WEB, offered(WEB), asked)
    assert found == (R.SECURE_INPUT, WEBMAIL, frozenset())


def test_which_programs_are_browsers_the_policy_says() -> None:
    assert browsers(WEB) == {BROWSER, "/usr/lib/firefox/firefox"}
    assert browsers(POLICY) == frozenset()
    assert shows_sites(WEB, BROWSER)
    assert not shows_sites(WEB, "/usr/bin/mail")
    assert not shows_sites(WEB, None)
    assert app_of(WEB, BROWSER) is None
    assert app_of(WEB, BROWSER, ON_MAIL) is WEBMAIL
    assert judge_focus(window(executable=BROWSER), WEB, offered(WEB))[0] is R.ORIGIN_UNKNOWN
    assert app_of(WEB, None, ON_MAIL) is None


def test_a_browsers_title_is_not_told() -> None:
    info = window(executable=BROWSER, title="Re: your diagnosis - Webmail")
    told = titled(info, WEBMAIL)
    assert told == msgspec.structs.replace(info, title=None)
    assert titled(info, MAIL) is info
    assert titled(info, None) is info
    assert titled(None, WEBMAIL) is None


def test_raw_types_print_no_content() -> None:
    info = window(title="a very private title")
    seen = key_seen(CLOCK, "x")
    for shown in (repr(info), str(info), repr(seen), str(seen), repr(Allowed(seen, gate())), f"{info}"):
        assert "private" not in shown
        assert "'x'" not in shown
        assert "Inbox" not in shown


def test_what_was_decided_cannot_be_changed() -> None:
    opened = gate()
    for decided, name in (
        (opened, "window"),
        (Allowed(KEY, opened), "gate"),
        (Dropped(Modality.SCREEN, "r"), "reason"),
    ):
        with pytest.raises(AttributeError):
            setattr(decided, name, None)
    with pytest.raises(TypeError):
        Open(window(), MAIL, ALL, NOW)  # type: ignore[call-arg]  # fields are named, so that none is mistaken for another


def test_a_program_is_known_by_its_package_but_never_a_browser_that_is_listed_by_its_sites() -> None:
    packed = AppRule(id="pad", name="Pad", category="ide", packages=("deb:pad",), modalities=tuple(sorted(Modality)))
    policy = WEB.model_copy(update={"apps": (*WEB.apps, packed)})
    assert app_of(policy, "/usr/bin/pad") is None
    assert app_of(policy, "/usr/bin/pad", owners={"deb:pad"}) == packed
    assert app_of(policy, "/usr/bin/pad", owners={"deb:other"}) is None
    assert judge_focus(window(executable="/usr/bin/pad"), policy, offered(policy), None, {"deb:pad"})[1] == packed
    assert app_of(policy, BROWSER, ON_MAIL, {"deb:pad"}) == WEBMAIL
    assert app_of(policy, BROWSER, None, {"deb:pad"}) is None


def test_packages_have_one_spelling_and_web_apps_none() -> None:
    told = {"id": "a", "name": "a", "category": "other", "modalities": (Modality.SCREEN,)}
    assert AppRule(**told, packages=("deb:a-b+1", "deb:cc")).known_by == ("deb:a-b+1", "deb:cc")
    for wrong in ((), ("mousepad",), ("deb:bb", "deb:aa"), ("deb:A",), ("deb:../a",)):
        with pytest.raises(ValueError, match="packages"):
            AppRule(**told, packages=wrong)
    with pytest.raises(ValueError, match="web app"):
        AppRule(**told, packages=("deb:aa",), origins=("https://a.example",))
