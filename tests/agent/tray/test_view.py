"""What icon, tooltip, menu and messages say of each state."""

import time
from collections.abc import Sequence

import msgspec
import pytest

from agent.core.reasons import REASONS
from agent.durations import tomorrow_s
from agent.tray.icons import Sign
from agent.tray.menu import ORDER, offered, plain
from agent.tray.presence import Hidden
from agent.tray.view import Messages, sentence, sign_of, tooltip
from agent.tray.words import Words
from schemas.events import Modality
from schemas.status import WARNING_DAYS, ClosedReason, State, Status
from tests.agent.tray.fake_daemon import CAPTURING, OFF, PAUSED, READY, status_of

BLOCKED = status_of(State.BLOCKED, ClosedReason.NO_SIGN)
BROKEN = status_of(State.ERROR, ClosedReason.REDACTION_FAILING)
EN, DE = Words("en"), Words("de-AT")
NOW_S = 1_800_000_000
DAY_S = 86_400


def test_each_state_has_a_picture_of_its_own() -> None:
    signs = [sign_of(status) for status in (OFF, READY, CAPTURING, PAUSED, BLOCKED, BROKEN, None)]
    assert set(signs) == set(Sign)
    assert sign_of(None) is Sign.OFFLINE


@pytest.mark.parametrize(
    ("modalities", "english", "german"),
    [
        ((Modality.KEYBOARD,), "keys", "Tasten"),
        ((Modality.KEYBOARD, Modality.SCREEN), "keys and screen", "Tasten und Bildschirm"),
        (tuple(Modality), "keys, pointer and screen", "Tasten, Zeiger und Bildschirm"),
    ],
)
def test_what_is_recorded_is_said_in_words(modalities: tuple[Modality, ...], english: str, german: str) -> None:
    status = msgspec.structs.replace(CAPTURING, modalities=modalities)
    assert sentence(EN, status, NOW_S) == f"Recording {english} in Mousepad"
    assert sentence(DE, status, NOW_S) == f"Zeichnet {german} in Mousepad auf"


def test_the_tooltip_says_why_the_icon_does_not_count_as_seen() -> None:
    assert tooltip(EN, OFF, None, NOW_S) == "Overt\nNothing is captured. You have not said yes."
    assert tooltip(DE, OFF, None, NOW_S) == "Overt\nNichts wird aufgezeichnet. Sie haben nicht Ja gesagt."
    assert tooltip(EN, None, Hidden.NO_HOST, NOW_S).endswith("no tray that shows icons.")
    assert all(tooltip(words, None, why, NOW_S).count("\n") == 2 for words in (EN, DE) for why in Hidden)


def test_english_is_word_for_word_what_the_daemon_says() -> None:
    for reason, words in REASONS.items():
        status = status_of(words.state, reason)
        assert sentence(EN, status, NOW_S) == status.sentence


def test_a_pause_is_told_with_its_end_and_its_day() -> None:
    def told(words: Words, until_s: int) -> str:
        return sentence(words, msgspec.structs.replace(PAUSED, paused_until=until_s), NOW_S)

    assert told(EN, tomorrow_s(NOW_S)) == "Paused until tomorrow, 06:00. Nothing is captured."
    assert told(DE, tomorrow_s(NOW_S)) == "Pause bis morgen, 06:00. Nichts wird aufgezeichnet."
    assert "tomorrow" not in told(EN, NOW_S + 1)
    assert "2027" in told(EN, NOW_S + 7 * DAY_S)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"])
def test_until_tomorrow_is_six_in_the_morning_of_the_next_day_also_when_clocks_change(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        for hour in range(0, 24 * 366, 7):
            now_s = NOW_S + hour * 3600 + 17
            now, then = time.localtime(now_s), time.localtime(tomorrow_s(now_s))
            assert (then.tm_hour, then.tm_min, then.tm_sec) == (6, 0, 0)
            noon = time.mktime((now.tm_year, now.tm_mon, now.tm_mday + 1, 12, 0, 0, 0, 0, -1))
            assert time.localtime(noon).tm_yday == then.tm_yday
    time.tzset()


def titles(messages: Messages, day: Sequence[Status | None]) -> list[str]:
    told = [messages.about(status, NOW_S) for status in day]
    return [m.title if m else "" for m in told]


DAY = (OFF, READY, CAPTURING, READY, CAPTURING, PAUSED, PAUSED, READY, CAPTURING, None)


def test_messages_come_once_at_start_and_stop_not_at_every_switch_of_apps() -> None:
    started, stopped = "Recording has started", "Recording has stopped"
    expected = ["", "", started, "", "", stopped, "", "", started, stopped]
    assert titles(Messages(EN, lambda: True), DAY) == expected


def test_silence_is_only_about_the_end() -> None:
    started = "Recording has started"
    assert titles(Messages(EN, lambda: False), DAY) == ["", "", started, "", "", "", "", "", started, ""]


PAUSES = {"pause_15", "pause_60", "pause_tomorrow"}
LOOK_BACK = {"captured", "delete_last", "readers"}


@pytest.mark.parametrize(
    ("status", "entries"),
    [
        (OFF, {"turn_on", "managed", *LOOK_BACK}),
        (READY, {"turn_off", "managed", *PAUSES, *LOOK_BACK}),
        (CAPTURING, {"turn_off", "managed", *PAUSES, *LOOK_BACK}),
        (PAUSED, {"turn_off", "resume", "managed", *LOOK_BACK}),
        (BLOCKED, {"turn_off", "managed", *PAUSES, *LOOK_BACK}),
        (None, {"turn_off", *LOOK_BACK}),
        (msgspec.structs.replace(OFF, study=None, organisation=None), {"turn_on"}),
        (
            msgspec.structs.replace(OFF, ask_not_before=NOW_S + DAY_S),
            {"turn_on", "managed", "put_off", *LOOK_BACK},
        ),
        (msgspec.structs.replace(OFF, ask_not_before=NOW_S - 1), {"turn_on", "managed", *LOOK_BACK}),
        (
            msgspec.structs.replace(PAUSED, consent_until=NOW_S + WARNING_DAYS * DAY_S),
            {"turn_off", "resume", "managed", "ends", *LOOK_BACK},
        ),
        (
            msgspec.structs.replace(PAUSED, consent_until=NOW_S + (WARNING_DAYS + 1) * DAY_S),
            {"turn_off", "resume", "managed", *LOOK_BACK},
        ),
    ],
)
def test_the_menu_offers_what_can_be_done(status: Status | None, entries: set[str]) -> None:
    assert {key for key, shown in offered(status, NOW_S).items() if shown} == entries
    assert set(offered(status, NOW_S)) <= set(ORDER)


def test_names_from_outside_bring_no_mnemonics() -> None:
    assert plain("Marks & Spencer") == "Marks && Spencer"
