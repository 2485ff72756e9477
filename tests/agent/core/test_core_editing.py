"""Changes of a field's text come to the text that is there, and what was deleted is remembered."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.editing import Editor
from agent.core.observe import TextObserved
from agent.core.redact.segment import redact_segment
from agent.core.text import MAX_DRAFTS, End, as_text
from schemas.events import ClockSource
from tests.agent.core.test_core_segment import announced, redactor, secret

FIELD = 1
OFFSET = 40
"""The field holds so much before what is written."""


def insert(position: int, text: str, field: int = FIELD) -> TextObserved:
    return _change("insert", position, len(text), text, field)


def delete(position: int, length: int, field: int = FIELD) -> TextObserved:
    return _change("delete", position, length, None, field)


def _change(action: str, position: int, length: int, text: str | None, field: int) -> TextObserved:
    return TextObserved(
        window=1,
        mono_ns=1,
        wall_ns=1,
        clock=ClockSource.HOOK,
        injected=False,
        field=field,
        action="insert" if action == "insert" else "delete",
        position=position,
        length=length,
        text=text,
    )


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[TextObserved], list[str]]:
    """Changes within one stretch, and the text after each."""
    text, changes, after = "", [], []
    for _ in range(draw(st.integers(1, 12))):
        if text and draw(st.booleans()):
            at = draw(st.integers(0, len(text) - 1))
            length = draw(st.integers(1, len(text) - at))
            changes.append(delete(OFFSET + at, length))
            text = text[:at] + text[at + length :]
        else:
            at, more = draw(st.integers(0, len(text))), draw(st.text(min_size=1, max_size=4))
            changes.append(insert(OFFSET + at, more))
            text = text[:at] + more + text[at:]
        after.append(text)
    return changes, after


@given(edits())
def test_they_come_to_the_text_that_is_there(made: tuple[list[TextObserved], list[str]]) -> None:
    changes, after = made
    if changes[0].action == "insert" and changes[0].position != OFFSET:
        return
    editor = Editor(1)
    for change in changes:
        assert editor.continues(change)
        assert editor.press(change) is None
    segment = editor.finish(End.IDLE)
    assert as_text(segment.final) == after[-1]
    drafts = [as_text(draft) for draft in segment.drafts]
    began = [n for n in range(1, len(changes)) if (changes[n - 1].action, changes[n].action) == ("insert", "delete")]
    assert drafts == [after[n - 1] for n in began]


def test_a_change_elsewhere_is_another_stretch() -> None:
    editor = Editor(1)
    editor.press(insert(10, "abc"))
    assert editor.continues(insert(13, "d"))
    assert editor.continues(insert(10, "d"))
    assert not editor.continues(insert(14, "d"))
    assert not editor.continues(insert(9, "d"))
    assert editor.continues(delete(10, 3))
    assert not editor.continues(delete(9, 2))
    assert not editor.continues(insert(11, "d", field=2))


def test_what_was_there_before_is_not_known() -> None:
    editor = Editor(1)
    editor.press(delete(5, 3))
    editor.press(insert(5, "new"))
    segment = editor.finish(End.IDLE)
    assert as_text(segment.final) == "new"
    assert not segment.complete


def test_more_drafts_than_are_remembered_hide_all() -> None:
    editor = Editor(1)
    for _ in range(MAX_DRAFTS + 1):
        editor.press(insert(0, "x"))
        editor.press(delete(0, 1))
    assert editor.finish(End.IDLE).overflowed


@given(st.integers(0, 400), st.integers(1, 9))
def test_a_secret_leaves_no_change_that_made_it(seed: int, step: int) -> None:
    """Typed letter by letter, in pieces, or completed in one go; erased again or not."""
    value = secret(seed)
    text = announced(value)
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    editor, at = Editor(1), 0
    for piece in pieces:
        editor.press(insert(at, piece))
        at += len(piece)
    if seed % 2:
        editor.press(delete(0, len(text)))
    segment = editor.finish(End.IDLE)
    redacted = redact_segment(segment, redactor())
    assert value not in redacted.text
    begin = text.index(value)
    inside = {n for n in range(len(pieces)) if n * step < begin + len(value) and (n + 1) * step > begin}
    assert inside <= redacted.secret
