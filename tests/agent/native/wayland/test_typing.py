"""Changes of text: opened only in a field that is known and harmless; all else is overwritten unread, and counted."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Variant
from hypothesis import given
from hypothesis import strategies as st

from agent.core.observe import Observation, TextObserved
from agent.native.accessible.atspi import OBJECT_EVENTS
from agent.native.accessible.wire import BusBroken, Frames, Heard, opened, shred
from agent.native.base import Unread
from agent.native.wayland.typing import EDITABLE, MAX_TYPED, TERMINAL, Typing, seals
from tests.agent.native.accessible.accessible_rig import NAME_FIELD, PROGRAM, SECRET_FIELD, WINDOW, Loop, Session
from tests.agent.native.accessible.test_wire_fuzz import event
from tests.support.fake_bus import FakeBus

SECRET = "only-for-the-program-itself"  # noqa: S105  # a canary


class Writer(Session):
    """A program whose fields can be written into, and one that listens to it."""

    def __init__(self, folder: Path, loop: Loop) -> None:
        super().__init__(folder, loop)
        self.told: list[Observation | Unread] = []
        self.sealed: list[Heard] = []
        self.typing = Typing(
            {"DBUS_SESSION_BUS_ADDRESS": self.session.address}, time, loop.selector, PROGRAM, 7, self.told.append
        )
        heard = self.typing._heard

        def keep(signal: Heard) -> None:
            self.sealed.append(signal)
            heard(signal)

        self.typing._access._heard = keep
        loop.spin(lambda: "GetRole" in self.bus.members(), "the focused field to be asked for")

    def write(self, text: str, path: str = NAME_FIELD, detail: str = "insert", sender: str = PROGRAM) -> None:
        body = [detail, 3, len(text), Variant("s", text), {}]
        self.bus.signal(sender, path, OBJECT_EVENTS, "TextChanged", "siiva{sv}", body)

    def read(self, count: int) -> list[Observation | Unread]:
        """What was told, once so much was."""
        self.loop.spin(lambda: len(self.told) >= count, f"{count} things to be told")
        return self.told

    def _answer(self, bus: FakeBus, call: Heard) -> tuple[str, list[Any]] | str | None:
        told = super()._answer(bus, call)
        if call.member == "GetState" and isinstance(told, tuple) and call.path in (NAME_FIELD, SECRET_FIELD):
            return "au", [[told[1][0][0] | 1 << EDITABLE, 0]]
        return told


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path, Loop())
    yield made
    made.typing.close()
    made.close()


def reasons(told: list[Observation | Unread]) -> list[str]:
    return [one.reason if isinstance(one, Unread) else "read" for one in told]


def known(writer: Writer, path: str) -> None:
    """Have a field's change come until the field is known."""
    writer.loop.spin(lambda: _known(writer, path), "the field to be known")
    writer.told.clear()
    writer.sealed.clear()


def _known(writer: Writer, path: str) -> bool:
    if (PROGRAM, path) in writer.typing._fields:
        return True
    writer.write("x", path)
    return False


def test_what_is_written_in_a_known_field_is_read(writer: Writer) -> None:
    known(writer, NAME_FIELD)
    writer.write("good")
    writer.write("d", detail="delete")
    inserted, deleted = writer.read(2)
    assert isinstance(inserted, TextObserved)
    assert isinstance(deleted, TextObserved)
    assert (inserted.text, inserted.position, inserted.length, inserted.window) == ("good", 3, 4, 7)
    assert (deleted.action, deleted.text, deleted.length) == ("delete", None, 1)


def test_no_byte_of_a_password_outlives_the_handler(writer: Writer) -> None:
    writer.focused(SECRET_FIELD)
    known(writer, SECRET_FIELD)
    writer.write(SECRET, SECRET_FIELD)
    assert reasons(writer.read(1)) == ["secure_input"]
    assert not any(one.sealed or one.body for one in writer.sealed)
    bus = writer.typing._access.bus
    assert bus is not None
    assert SECRET.encode() not in bytes(bus._inbox)
    assert SECRET.encode() not in bytes(bus._frames._held)


def test_a_field_that_is_not_known_yet_is_not_read(writer: Writer) -> None:
    writer.roles[SECRET_FIELD] = None
    writer.focused(SECRET_FIELD)
    for count in range(1, 4):
        writer.write(SECRET, SECRET_FIELD)
        writer.read(count)
    assert set(reasons(writer.told)) == {"field_unknown"}, "a role that cannot be had is never taken for harmless"
    assert not any(one.sealed for one in writer.sealed)


def test_what_is_known_ends_with_the_focus(writer: Writer) -> None:
    known(writer, NAME_FIELD)
    writer.silent.add("GetRole")
    writer.focused(NAME_FIELD)
    writer.write("more")
    assert reasons(writer.read(1)) == ["field_unknown"]


@pytest.mark.parametrize(("role", "reason"), [(TERMINAL, "terminal"), (29, "not_typed")], ids=["a terminal", "a label"])
def test_other_roles_are_not_read(writer: Writer, role: int, reason: str) -> None:
    writer.roles[SECRET_FIELD] = role
    writer.focused(SECRET_FIELD)
    known(writer, SECRET_FIELD)
    writer.write(SECRET, SECRET_FIELD)
    assert reasons(writer.read(1)) == [reason]


@pytest.mark.parametrize(
    ("text", "detail"), [("a page did it", "insert/system"), ("x" * (MAX_TYPED + 1), "insert"), ("word", "replace")]
)
def test_what_nobody_typed_is_not_kept(writer: Writer, text: str, detail: str) -> None:
    known(writer, NAME_FIELD)
    writer.write(text, detail=detail)
    assert reasons(writer.read(1)) == ["not_typed"]


def test_another_program_is_not_heard(writer: Writer) -> None:
    known(writer, NAME_FIELD)
    writer.write(SECRET, sender=":1.8")
    writer.write("own")
    assert reasons(writer.read(1)) == ["read"]
    assert not any(one.sealed for one in writer.sealed)


def test_after_the_end_nothing_is_held(writer: Writer) -> None:
    writer.typing.close()
    writer.loop.spin(lambda: writer.loop.held == writer.own, "the connection to be gone", 5)
    writer.typing.close()


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), max_size=6))
def test_a_bent_change_is_opened_or_not_and_shredded(junk: bytes, bends: list[tuple[int, int]]) -> None:
    bent = bytearray(event().replace(b"StateChanged", b"TextChanged\0"))
    for place, value in bends:
        bent[place % len(bent)] = value
    frames = Frames(seals)
    try:
        heard = frames.feed(bytes(bent) + junk)
    except BusBroken:
        return
    for one in heard:
        assert one.sealed is None or isinstance(opened(one), tuple | None)
        shred(one)
        assert not one.sealed
        assert opened(one) is None
    assert WINDOW not in repr(heard)
