"""Where an input method could write, no segment claims to be complete."""

import subprocess
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from Xlib import X, Xatom
from Xlib.display import Display

from agent.native.x11.link import Link
from agent.native.x11.methods import composes, named, served
from tests.support.desktop import Desktop
from tests.support.waiting import until


@pytest.mark.parametrize(
    ("environ", "tells"),
    [
        (b"", False),
        (b"HOME=/home/x\0XMODIFIERS=\0GTK_IM_MODULE=simple\0", False),
        (b"XMODIFIERS=@im=none\0QT_IM_MODULE=compose\0", False),
        (b"NOT_GTK_IM_MODULE=ibus\0", False),
        (b"GTK_IM_MODULE=xim\0", False),  # its server, if there is one, tells
        (b"GTK_IM_MODULE=ibus\0", True),
        (b"A=1\0QT_IM_MODULE=fcitx", True),
        (b"QT_IM_MODULES=wayland;fcitx;ibus\0", True),
        (b"XMODIFIERS=@im=SCIM\0", True),
    ],
)
def test_an_environment_tells_of_an_input_method(environ: bytes, *, tells: bool) -> None:
    assert named(environ) is tells


@given(st.binary(max_size=200))
def test_any_environment_is_read(environ: bytes) -> None:
    assert named(environ) in (True, False)


@pytest.mark.parametrize(("method", "tells"), [("ibus", True), ("", False)])
def test_a_program_was_told_to_use_one(method: str, *, tells: bool) -> None:
    with subprocess.Popen(["sleep", "60"], env={"GTK_IM_MODULE": method, "PATH": "/usr/bin:/bin"}) as program:
        try:
            until(lambda: composes(program.pid) is tells, what="it to be told")  # a program that begins has none yet
        finally:
            program.kill()


def test_what_cannot_be_read_may_compose() -> None:
    assert composes(None)
    assert composes(4_194_305)  # above the most that the kernel gives


def test_a_server_of_input_methods_is_seen_and_so_is_its_end(desktop: Desktop) -> None:
    with closing(Link(desktop.env)) as link:
        assert not served(link)
        server = Display(desktop.display)
        root = server.screen().root
        name = server.intern_atom("@server=probe")
        owner = root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        root.change_property(server.intern_atom("XIM_SERVERS"), Xatom.ATOM, 32, [name])
        owner.set_selection_owner(name, X.CurrentTime)
        server.sync()
        assert served(link)
        server.close()  # the list stays, as after a crash; nobody owns the name any more
        assert not served(link)
