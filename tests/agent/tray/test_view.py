"""What icon, tooltip, menu and messages say of each state."""

import pytest

from agent.tray.icons import Sign
from agent.tray.menu import ORDER, offered, plain
from agent.tray.presence import Hidden
from agent.tray.view import Messages, sentence, sign_of, tooltip
from schemas.events import Modality
from schemas.status import ClosedReason, State, Status
from tests.agent.tray.fake_daemon import CAPTURING, OFF, PAUSED, READY, status_of

BLOCKED = status_of(State.BLOCKED, ClosedReason.NO_SIGN)
BROKEN = status_of(State.ERROR, ClosedReason.REDACTION_FAILING)


def test_each_state_has_a_picture_of_its_own() -> None:
    signs = [sign_of(status) for status in (OFF, READY, CAPTURING, PAUSED, BLOCKED, BROKEN, None)]
    assert set(signs) == set(Sign)
    assert sign_of(None) is Sign.OFFLINE


@pytest.mark.parametrize(
    ("modalities", "words"),
    [
        ((Modality.KEYBOARD,), "keys"),
        ((Modality.KEYBOARD, Modality.SCREEN), "keys and screen"),
        (tuple(Modality), "keys, pointer and screen"),
    ],
)
def test_what_is_recorded_is_said_in_words(modalities: tuple[Modality, ...], words: str) -> None:
    status = CAPTURING.model_copy(update={"modalities": modalities})
    assert sentence(status) == f"Recording {words} in Mousepad"


def test_the_tooltip_says_why_the_icon_does_not_count_as_seen() -> None:
    assert tooltip(OFF, None) == "Overt\nNothing is captured. You have not said yes."
    assert tooltip(None, Hidden.NO_HOST).endswith(Hidden.NO_HOST)
    assert "Paused until" in tooltip(PAUSED.model_copy(update={"paused_until": 1_800_000_000}), None)


def test_messages_come_once_at_start_and_stop_not_at_every_switch_of_apps() -> None:
    messages = Messages()
    day = (OFF, READY, CAPTURING, READY, CAPTURING, PAUSED, PAUSED, READY, CAPTURING, None)
    told = [messages.about(status) for status in day]
    titles = [m.title if m else "" for m in told]
    started, stopped = "Recording has started", "Recording has stopped"
    assert titles == ["", "", started, "", "", stopped, "", "", started, stopped]


@pytest.mark.parametrize(
    ("status", "entries"),
    [
        (OFF, {"turn_on", "managed"}),
        (READY, {"turn_off", "pause_15", "pause_60", "managed"}),
        (CAPTURING, {"turn_off", "pause_15", "pause_60", "managed"}),
        (PAUSED, {"turn_off", "resume", "managed"}),
        (BLOCKED, {"turn_off", "pause_15", "pause_60", "managed"}),
        (None, {"turn_off"}),
    ],
)
def test_the_menu_offers_what_can_be_done(status: Status | None, entries: set[str]) -> None:
    assert {key for key, shown in offered(status).items() if shown} == entries
    assert set(offered(status)) <= set(ORDER)


def test_names_from_outside_bring_no_mnemonics() -> None:
    assert plain("Marks & Spencer") == "Marks && Spencer"
