"""Copying, cutting and pasting: that it happened in the hooked window and of which kind it was, never what."""

import os
from collections.abc import Sequence

import pytest
from Xlib import X, Xatom
from Xlib.protocol import event as x_event
from Xlib.protocol import request as x_request

from agent.core.observe import ClipboardObserved
from agent.native.base import FocusChanged, Signal
from agent.native.x11 import X11Native
from agent.native.x11.clipboard import LIMIT_NS, SECRET, called_for, kind_of
from agent.native.x11.keyboard import Stroke
from schemas.events import ClipboardType, Modality, Modifier
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Keys, Plain, everything, read_until, wait_focus
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.outside import hooks
from tests.support.windows import Rectangle, open_mousepad

KEYBOARD = frozenset({Modality.KEYBOARD})
BOTH = frozenset({Modality.KEYBOARD, Modality.POINTER})
A, C, V, X_KEY, INSERT, DELETE = 38, 54, 55, 53, 118, 119
CTRL_L, SHIFT_L = 37, 50
MIDDLE = 2
INSERT_SYM, DELETE_SYM, CYRILLIC_ES = 0xFF63, 0xFFFF, 0x6D3


def clips(signals: Sequence[Signal]) -> list[tuple[str, ClipboardType]]:
    return [(s.action, s.content_type) for s in signals if isinstance(s, ClipboardObserved)]


def chord(keys: Keys, modifier: int, code: int) -> None:
    keys.down(modifier)
    keys.tap(code)
    keys.up(modifier)


def own(target: Plain) -> None:
    """Take the clipboard, as a program does when its person copies."""
    clipboard = target.x.intern_atom("CLIPBOARD")
    target.window.set_selection_owner(clipboard, X.CurrentTime)
    target.x.sync()


def disown(target: Plain) -> None:
    clipboard = target.x.intern_atom("CLIPBOARD")
    x_request.SetSelectionOwner(display=target.x.display, window=X.NONE, selection=clipboard, time=X.CurrentTime)
    target.x.sync()


def reply(target: Plain, offered: Sequence[str] | None) -> list[str]:
    """Answer what was asked for with these forms, or refuse; gives the names of what was asked for."""
    target.x.sync()
    asked = []
    for _ in range(target.x.pending_events()):
        told = target.x.next_event()
        if told.type != X.SelectionRequest:
            continue
        asked.append(target.x.get_atom_name(told.target))
        if offered is not None:
            atoms = [target.x.intern_atom(name) for name in offered]
            told.requestor.change_property(told.property, Xatom.ATOM, 32, atoms)
        answer = x_event.SelectionNotify(
            time=told.time,
            requestor=told.requestor,
            selection=told.selection,
            target=told.target,
            property=told.property if offered is not None else X.NONE,
        )
        told.requestor.send_event(answer)
    target.x.sync()
    return asked


@pytest.mark.parametrize(
    ("offered", "kind"),
    [
        (["TARGETS", "UTF8_STRING"], ClipboardType.TEXT),
        (["UTF8_STRING", "text/html", "image/png"], ClipboardType.HTML),
        (["text/html", "image/png"], ClipboardType.IMAGE),
        (["text/plain", "text/uri-list"], ClipboardType.FILES),
        (["application/x-own"], ClipboardType.OTHER),
        (None, ClipboardType.UNKNOWN),
    ],
)
def test_a_copy_is_told_with_its_kind(
    target: Plain, native: X11Native, keys: Keys, offered: list[str] | None, kind: ClipboardType
) -> None:
    native.hook(target.id, KEYBOARD)
    chord(keys, CTRL_L, C)
    own(target)
    assert clips(everything(native)) == []
    assert reply(target, offered) == ["TARGETS"], "the content was asked for"
    assert clips(everything(native)) == [("copy", kind)]
    assert clips(everything(native)) == []


def test_a_cut_is_known_by_its_keys(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    for modifier, code, action in ((CTRL_L, X_KEY, "cut"), (SHIFT_L, DELETE, "cut"), (CTRL_L, INSERT, "copy")):
        chord(keys, modifier, code)
        everything(native)
        own(target)
        everything(native)
        reply(target, ["STRING"])
        assert clips(everything(native)) == [(action, ClipboardType.TEXT)]
    own(target)  # from a menu
    everything(native)
    reply(target, ["STRING"])
    assert clips(everything(native)) == [("copy", ClipboardType.TEXT)]


def test_what_another_program_copies_is_not_told(plain: OpenPlain, target: Plain, native: X11Native) -> None:
    other = plain()
    target.focus()
    wait_focus(native, target.id)
    native.hook(target.id, KEYBOARD)
    own(other)
    own(other)
    assert clips(everything(native)) == []
    assert reply(other, ["STRING"]) == [], "another program was asked about its copy"


def test_a_paste_is_told_with_the_kind_of_what_is_there(
    plain: OpenPlain, target: Plain, native: X11Native, keys: Keys
) -> None:
    other = plain()
    own(other)
    target.focus()
    wait_focus(native, target.id)
    native.hook(target.id, BOTH)
    for modifier, code in ((CTRL_L, V), (SHIFT_L, INSERT)):
        chord(keys, modifier, code)
        everything(native)
        assert reply(other, ["image/png"]) == ["TARGETS"]
        assert clips(everything(native)) == [("paste", ClipboardType.IMAGE)]


def test_the_middle_button_pastes(target: Plain, native: X11Native, driver: Driver, keys: Keys) -> None:
    own(target)
    native.hook(target.id, BOTH)
    info = native.focused()
    assert info is not None
    driver.move((info.rect[0] + info.rect[2]) // 2, (info.rect[1] + info.rect[3]) // 2)
    keys.button(MIDDLE, down=True)
    everything(native)
    keys.button(MIDDLE, down=False)
    reply(target, ["STRING"])
    assert clips(everything(native)) == [("paste", ClipboardType.TEXT)]


def test_nothing_is_pasted_where_nothing_was_copied(target: Plain, native: X11Native, keys: Keys) -> None:
    own(target)
    disown(target)
    native.hook(target.id, KEYBOARD)
    chord(keys, CTRL_L, V)
    assert clips(everything(native) + everything(native)) == []


def test_of_a_password_manager_s_copy_nothing_is_told(target: Plain, native: X11Native, keys: Keys) -> None:
    native.hook(target.id, KEYBOARD)
    own(target)
    everything(native)
    reply(target, ["UTF8_STRING", SECRET])
    chord(keys, CTRL_L, V)
    everything(native)
    reply(target, ["UTF8_STRING", SECRET])
    assert clips(everything(native)) == []


def test_an_owner_that_does_not_answer_leaves_the_kind_unknown(target: Plain, native: X11Native) -> None:
    native.hook(target.id, KEYBOARD)
    own(target)
    everything(native)
    (asked,) = native._hook.clipboard._asked  # type: ignore[union-attr]  # it is hooked
    found = read_until(native, clips)
    assert clips(found) == [("copy", ClipboardType.UNKNOWN)]
    (seen,) = [s for s in found if isinstance(s, ClipboardObserved)]
    assert seen.mono_ns == asked.mono_ns < native._times.now - LIMIT_NS
    reply(target, ["STRING"])
    assert clips(everything(native)) == [], "told twice"


def test_a_copy_that_is_left_at_once_is_told_before_the_focus_goes(
    target: Plain, plain: OpenPlain, native: X11Native, keys: Keys
) -> None:
    other = plain(Rectangle(600, 200, 300, 200))
    target.focus()
    wait_focus(native, target.id)
    native.hook(target.id, KEYBOARD)
    chord(keys, CTRL_L, C)
    own(target)
    asked = everything(native)
    other.focus()
    found = asked + read_until(native, lambda got: any(isinstance(s, FocusChanged) for s in got))
    assert clips(found) == [("copy", ClipboardType.UNKNOWN)]
    assert isinstance(found[-1], FocusChanged)
    reply(target, ["STRING"])
    assert clips(everything(native)) == [], "told twice"


def test_nothing_is_told_or_left_behind_after_the_hook(desktop: Desktop, target: Plain, native: X11Native) -> None:
    native.hook(target.id, frozenset({Modality.POINTER}))
    without = hooks(desktop.display, os.getpid())
    native.hook(target.id, KEYBOARD)
    assert any("Selection" in name for name in hooks(desktop.display, os.getpid()) - without), "the probe sees it"
    own(target)
    native.unhook()
    assert not any("Selection" in name for name in hooks(desktop.display, os.getpid()))
    reply(target, ["STRING"])
    own(target)
    assert clips(everything(native)) == []
    assert reply(target, ["STRING"]) == []


def test_a_real_editor(desktop: Desktop, driver: Driver, native: X11Native, keys: Keys) -> None:
    path = desktop.home / "words.txt"
    path.write_text("")
    program = open_mousepad(desktop, path)
    driver.focus_window(program.window.id)
    wait_focus(native, program.window.id)
    native.hook(program.window.id, KEYBOARD)
    driver.type_text("some words")
    found = []
    for code in (C, X_KEY, V):
        chord(keys, CTRL_L, A)
        chord(keys, CTRL_L, code)
        found += clips(read_until(native, clips))
    assert found == [(action, ClipboardType.TEXT) for action in ("copy", "cut", "paste")]
    program.process.stop()


def stroke(keysym: int, modifiers: Modifier, *, down: bool = True, repeat: bool = False, usage: int = 0) -> Stroke:
    return Stroke(
        down=down,
        repeat=repeat,
        usage=usage,
        keycode=1,
        keysym=keysym,
        text=None,
        modifiers=modifiers.value,
        locks=0,
        layout="us",
    )


@pytest.mark.parametrize(
    ("pressed", "action"),
    [
        (stroke(ord("c"), Modifier.LEFT_CTRL), "copy"),
        (stroke(ord("C"), Modifier.RIGHT_CTRL | Modifier.LEFT_SHIFT), "copy"),
        (stroke(INSERT_SYM, Modifier.LEFT_CTRL), "copy"),
        (stroke(ord("x"), Modifier.LEFT_CTRL), "cut"),
        (stroke(DELETE_SYM, Modifier.RIGHT_SHIFT), "cut"),
        (stroke(ord("v"), Modifier.LEFT_CTRL), "paste"),
        (stroke(INSERT_SYM, Modifier.LEFT_SHIFT), "paste"),
        (stroke(CYRILLIC_ES, Modifier.LEFT_CTRL, usage=0x06), "copy"),
        (stroke(ord("j"), Modifier.LEFT_CTRL, usage=0x06), None),  # Dvorak: the letter counts, not the place
        (stroke(ord("c"), Modifier(0)), None),
        (stroke(ord("v"), Modifier.LEFT_CTRL | Modifier.LEFT_ALT), None),
        (stroke(ord("v"), Modifier.LEFT_CTRL, down=False), None),
        (stroke(ord("v"), Modifier.LEFT_CTRL, repeat=True), None),
        (stroke(DELETE_SYM, Modifier.LEFT_CTRL), None),
    ],
)
def test_keys_that_call_for_the_clipboard(pressed: Stroke, action: str | None) -> None:
    assert called_for(pressed) == action


def test_a_password_outweighs_every_other_form() -> None:
    assert kind_of({SECRET, "UTF8_STRING", "text/uri-list"}) is None
    assert kind_of(set()) is ClipboardType.OTHER
