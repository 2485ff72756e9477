"""The detector of password fields against a bus that is slow, wrong, hostile or gone."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.native.accessible.secure import TRAIL_NS, Standing
from schemas.status import ClosedReason
from tests.agent.native.accessible.accessible_rig import (
    APP,
    NAME_FIELD,
    PID,
    PROGRAM,
    SECRET_FIELD,
    Loop,
    Session,
    window,
)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    one = Session(tmp_path, Loop())
    yield one
    one.close()


def await_standing(session: Session, standing: Standing) -> None:
    session.loop.spin(lambda: session.detector.standing is standing, f"{standing} after {session.detector}")


def attend(session: Session, standing: Standing = Standing.CLEAR) -> None:
    session.detector.attend(window(), APP)
    await_standing(session, standing)


def test_nothing_is_held_until_an_allowed_window_is_in_front(session: Session) -> None:
    session.detector.attend(None, None)
    session.detector.attend(window(), None)
    assert session.loop.held == session.own
    assert session.detector.verdict() is None


def test_nothing_is_held_at_once_when_it_is_no_longer(session: Session) -> None:
    attend(session)
    assert session.loop.held > session.own
    session.detector.attend(None, None)
    session.loop.spin(lambda: session.loop.held == session.own, "every descriptor to be given back")
    assert session.bus.clients == session.session.clients == 0


def test_a_password_field_that_has_the_focus_already_closes(session: Session) -> None:
    session.focus = SECRET_FIELD
    began_ns = time.monotonic_ns()
    attend(session, Standing.SECRET)
    assert session.detector.verdict() is ClosedReason.SECURE_INPUT
    assert session.loop.news[0] <= time.monotonic_ns()
    assert session.loop.news[0] >= began_ns  # what was typed into the window before is not its business


@pytest.mark.parametrize("shows", [True, False])
def test_the_search_falls_back_to_a_walk(session: Session, *, shows: bool) -> None:
    session.searches, session.shows, session.focus = False, shows, SECRET_FIELD
    attend(session, Standing.SECRET)


def test_a_password_field_that_gets_the_focus_closes_from_before_its_word_came(session: Session) -> None:
    attend(session)
    session.loop.news.clear()
    began_ns = time.monotonic_ns()
    session.focused(SECRET_FIELD)
    await_standing(session, Standing.SECRET)
    assert session.loop.news[0] <= max(began_ns, time.monotonic_ns() - TRAIL_NS)


def test_leaving_it_opens_from_then_on_only(session: Session) -> None:
    session.focus = SECRET_FIELD
    attend(session, Standing.SECRET)
    before_ns = time.monotonic_ns()
    session.focused(SECRET_FIELD, gained=0)
    session.focused(NAME_FIELD)
    await_standing(session, Standing.CLEAR)
    assert session.loop.news[-1] >= before_ns


def test_a_field_that_hid_its_text_once_stays_secret(session: Session) -> None:
    session.focus = SECRET_FIELD
    attend(session, Standing.SECRET)
    session.roles[SECRET_FIELD] = 61  # "show password"
    session.focused(NAME_FIELD)
    await_standing(session, Standing.CLEAR)
    session.focused(SECRET_FIELD)
    await_standing(session, Standing.SECRET)


def test_until_it_is_known_what_was_observed_meanwhile_is_not_vouched_for(session: Session) -> None:
    began_ns = time.monotonic_ns()
    session.detector.attend(window(), APP)
    assert began_ns <= (session.detector.open_since_ns() or 0) <= time.monotonic_ns()
    await_standing(session, Standing.CLEAR)
    assert session.detector.open_since_ns() is None


def test_a_field_that_gets_the_focus_is_not_vouched_for_until_it_told_its_role(session: Session) -> None:
    attend(session)
    came_ns = time.monotonic_ns()
    session.roles[SECRET_FIELD] = None
    session.focused(SECRET_FIELD)
    session.loop.spin(lambda: session.detector.open_since_ns() is not None, "the question to be open")
    assert (session.detector.open_since_ns() or 0) <= came_ns
    assert session.detector.verdict() is None
    session.loop.news.clear()
    await_standing(session, Standing.DOUBT)
    assert session.loop.news[0] <= came_ns, "all that was held is dropped"
    assert session.detector.open_since_ns() is None


def test_a_role_that_is_not_told_closes_and_is_asked_again(session: Session) -> None:
    attend(session)
    session.roles[SECRET_FIELD] = None
    session.focused(SECRET_FIELD)
    await_standing(session, Standing.DOUBT)
    assert session.detector.verdict() is ClosedReason.SECURE_INPUT
    session.roles[SECRET_FIELD] = 61
    await_standing(session, Standing.CLEAR)


@pytest.mark.parametrize("member", ["GetRole", "GetMatches", "GetState", "GetChildren", "ListNames"])
def test_a_program_that_does_not_answer_in_time_is_in_doubt(session: Session, member: str) -> None:
    session.silent.add(member)
    attend(session, Standing.DOUBT)
    assert session.detector.verdict() is ClosedReason.SECURE_INPUT


@pytest.mark.parametrize("member", ["GetRole", "GetState", "GetChildren", "RegisterEvent", "AddMatch"])
def test_a_program_that_answers_with_errors_is_in_doubt(session: Session, member: str) -> None:
    session.wrong.add(member)
    attend(session, Standing.DOUBT)


def test_in_a_browser_of_which_sites_are_allowed_only_a_password_field_that_is_told_of_closes(session: Session) -> None:
    """Its extension tells of the others: Chromium tells nobody here of the focus unless it was started for that."""
    web = APP.model_copy(update={"origins": ("https://mail.example",)})
    session.focus = None
    session.detector.attend(window(), web)
    await_standing(session, Standing.DOUBT)
    assert session.detector.verdict() is None
    session.focused(SECRET_FIELD)
    await_standing(session, Standing.SECRET)
    assert session.detector.verdict() is ClosedReason.SECURE_INPUT
    session.focused(NAME_FIELD)
    await_standing(session, Standing.CLEAR)


def test_a_window_in_which_nothing_has_the_focus_is_in_doubt_until_something_has(session: Session) -> None:
    session.focus = None
    attend(session, Standing.DOUBT)
    session.focused(NAME_FIELD)
    await_standing(session, Standing.CLEAR)


def test_a_focus_that_only_goes_is_looked_for(session: Session) -> None:
    attend(session)
    session.focused(NAME_FIELD, gained=0)
    await_standing(session, Standing.DOUBT)


def test_a_program_that_is_not_on_the_bus_is_left_alone(session: Session) -> None:
    session.pids[PROGRAM] = PID + 1
    attend(session, Standing.ABSENT)
    assert session.detector.verdict() is None
    assert "RegisterEvent" not in session.bus.members()


def test_a_program_that_joins_the_bus_later_is_listened_to(session: Session) -> None:
    del session.pids[PROGRAM]
    attend(session, Standing.ABSENT)
    session.pids[PROGRAM] = PID
    session.focus = SECRET_FIELD
    session.bus.owner_changed(PROGRAM, "", PROGRAM)
    await_standing(session, Standing.SECRET)


def test_a_program_that_leaves_the_bus_is_in_doubt(session: Session) -> None:
    attend(session)
    session.bus.owner_changed(PROGRAM, PROGRAM, "")
    await_standing(session, Standing.DOUBT)


def test_another_programs_word_counts_for_nothing(session: Session) -> None:
    session.pids[":1.8"] = PID + 1
    attend(session)
    before = session.bus.members().count("GetRole")
    session.focused(SECRET_FIELD, sender=":1.8")
    session.focused(NAME_FIELD)
    session.loop.spin(lambda: session.bus.members().count("GetRole") > before)
    assert SECRET_FIELD not in [call.path for call in session.bus.heard if call.member == "GetRole"]


def test_no_session_bus_means_nothing_to_tell(session: Session) -> None:
    session.session.path.unlink()
    session.detector.attend(window(), APP)
    assert session.detector.standing is Standing.ABSENT


def test_no_accessibility_on_the_session_bus_means_nothing_to_tell(session: Session) -> None:
    session.wrong.add("GetAddress")
    attend(session, Standing.ABSENT)


def test_a_session_bus_that_does_not_answer_is_in_doubt(session: Session) -> None:
    session.silent.add("GetAddress")
    attend(session, Standing.DOUBT)


@pytest.mark.parametrize("nonsense", [b"garbage that is not a message at all", b"l\1\0\1" + b"\xff" * 12, b""])
def test_a_bus_that_goes_or_talks_nonsense_is_in_doubt_and_joined_anew(session: Session, nonsense: bytes) -> None:
    attend(session)
    if nonsense:
        session.bus.send_bytes(nonsense)
    else:
        session.bus.hang_up()
    await_standing(session, Standing.DOUBT)
    await_standing(session, Standing.CLEAR)


def test_another_window_of_the_program_is_looked_into(session: Session) -> None:
    attend(session)
    session.focus = SECRET_FIELD
    session.detector.attend(window(number=2), APP)
    await_standing(session, Standing.SECRET)


def test_another_program_is_listened_to_afresh(session: Session) -> None:
    session.focus = SECRET_FIELD
    attend(session, Standing.SECRET)
    session.detector.attend(window(PID + 5), APP)
    assert session.detector.verdict() is None
    await_standing(session, Standing.ABSENT)
