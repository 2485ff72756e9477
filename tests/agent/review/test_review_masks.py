"""What should have been masked: gone from all that lies here, kept as digests only, and obeyed from then on."""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.redact.personal import Personal
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from agent.core.remask import MARK
from agent.disk.masks import MasksError, read_masks
from agent.review.masking import mask_region, mask_words
from policies import redaction_rules
from schemas.events import FrameEvent, KeyEvent, MaskClass, TextEvent
from tests.agent.review.review_rig import Person, webp
from tests.support.devices import NS

KEY = bytes(range(32))
RULES = RuleSet(redaction_rules())


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person.make(tmp_path)


def begin() -> int:
    return time.time_ns() // NS * NS - 3 * 3600 * NS


def personal(*phrases: str) -> Personal:
    nobody = Personal(KEY, ())
    return Personal(KEY, [rule for phrase in phrases if (rule := nobody.rule(phrase))])


@pytest.mark.parametrize("text", ["tell Project Falcon now", "PROJECT  falcon", "x (project-falcon)!"])
def test_words_are_found_however_they_are_spaced_or_cased(text: str) -> None:
    found = personal("Project Falcon").find(text)
    assert [text[s.start : s.end].casefold().replace("-", " ").split() for s in found] == [["project", "falcon"]]


@given(st.text(max_size=60), st.text(max_size=20))
def test_personal_rules_only_add(text: str, phrase: str) -> None:
    plain, own = (TextRedactor(RULES, KEY) for _ in range(2))
    own.personal = personal(phrase)
    covered = {place for span in own.find(text) for place in range(span.start, span.end)}
    assert covered >= {place for span in plain.find(text) for place in range(span.start, span.end)}


def test_words_are_masked_in_all_that_lies_here_and_their_keys_go(person: Person) -> None:
    at = begin()
    person.put([*person.events("about project falcon today", at), *person.events("and lunch", at + 60 * NS)])
    person.put(person.events("Falcon alone stays", at + 120 * NS))
    desk = person.desk
    assert mask_words(desk, "Project Falcon", os.urandom) == 1
    first, second = (one.payload for one in desk.open(desk.rows()).opened)
    texts = [event.text for event in first.events if isinstance(event, TextEvent)]
    assert texts == [f"about {MARK} today", "and lunch"]
    (span,) = next(event.spans for event in first.events if isinstance(event, TextEvent) and event.spans)
    assert texts[0][span.start : span.end] == MARK
    assert "".join(e.text or "" for e in first.events if isinstance(e, KeyEvent)) == "and lunch"
    assert first.account.balances()
    assert [e.text for e in second.events if isinstance(e, TextEvent)] == ["Falcon alone stays"]
    assert not any(b"alcon" in path.read_bytes() for path in person.places.state.rglob("*") if path.is_file())
    masks = read_masks(person.places.masks)
    assert person.places.masks.stat().st_mode & 0o777 == 0o600
    redactor = TextRedactor(RULES, KEY)
    redactor.personal = masks.finder(person.me.device.key)
    assert redactor.redact("the PROJECT falcon plan").text == "the ⟨PERSONAL#1⟩ plan"
    assert mask_words(desk, "project falcon", os.urandom) == 0
    assert len(read_masks(person.places.masks).words) == 1


def test_a_rectangle_is_filled_in_every_picture_of_that_app(person: Person) -> None:
    at = begin()
    mine, other = person.frame(at), person.frame(at + NS, "thunderbird")
    person.put([mine, other], [webp(5), webp(6)])
    desk = person.desk
    assert mask_region(desk, "mousepad", (10, 0, 200, 60), os.urandom) == 1
    (one,) = desk.open(desk.rows()).opened
    frames = [event for event in one.payload.events if isinstance(event, FrameEvent)]
    pixels = cv2.imdecode(np.frombuffer(one.payload.image(frames[0]), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert (pixels[:60, 10:200] == 0x60).all()
    assert [mask.cls for mask in frames[0].masks] == [MaskClass.PERSONAL_RULE]
    assert one.payload.image(frames[1]) == webp(6)
    assert read_masks(person.places.masks).of("mousepad") == ((10, 0, 200, 60),)


def test_masks_that_cannot_be_read_are_no_masks_at_all(person: Person) -> None:
    person.places.masks.write_text("[]")
    with pytest.raises(MasksError):
        read_masks(person.places.masks)
