"""Which backend is taken, and the refusals."""

import sys
import time
from contextlib import closing

import pytest

from agent import doctor
from agent.native.base import Capability, NativeUnavailable
from agent.native.choose import open_grabber, open_native, permissions
from agent.native.permissions import DARWIN, look
from agent.native.wayland.session import is_wayland
from agent.native.x11.link import Link
from agent.native.x11.xwayland import is_xwayland
from tests.support.desktop import Desktop


def test_x11_is_taken(desktop: Desktop) -> None:
    with closing(open_native(desktop.env, time)) as native, closing(open_grabber(desktop.env, time)) as grabber:
        assert native.name == "x11"
        told = native.capabilities()
        assert {told.keyboard, told.pointer, told.screen} == {Capability.OFFERED}
        assert grabber.grab(1) is None


@pytest.mark.parametrize("sign", [{"WAYLAND_DISPLAY": "wayland-0"}, {"XDG_SESSION_TYPE": "wayland"}])
def test_wayland_is_refused_even_with_xwayland(desktop: Desktop, sign: dict[str, str]) -> None:
    for opened in (open_native, open_grabber):
        with pytest.raises(NativeUnavailable, match="Wayland") as refusal:
            opened(desktop.env | sign, time)
        assert "X11" in refusal.value.remedy
    assert not is_wayland(desktop.env)


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    for opened in (open_native, open_grabber):
        with pytest.raises(NativeUnavailable, match="no way to capture on freebsd14"):
            opened({"DISPLAY": ":0"}, time)


def test_an_x_server_that_is_none_of_waylands_is_no_xwayland(desktop: Desktop) -> None:
    with closing(Link(desktop.env)) as link:
        assert not is_xwayland(link)


def test_the_doctor_names_each_permission_that_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert permissions() == ()
    monkeypatch.setattr(doctor, "permissions", lambda: look(DARWIN, {"input": True}))
    checks = {check.name: check for check in doctor._permissions()}
    assert [checks[one.id].ok for one in DARWIN] == [one.id == "input" for one in DARWIN]
    assert all(one.page in checks[one.id].remedy for one in DARWIN if one.id != "input")
