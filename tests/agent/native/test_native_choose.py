"""Which backend is taken, and the refusals."""

import sys
import time
from contextlib import closing

import pytest

from agent.native.base import Capability, NativeUnavailable
from agent.native.choose import open_grabber, open_native
from agent.native.wayland import is_wayland
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


@pytest.mark.parametrize(("platform", "system"), [("darwin", "macOS"), ("win32", "Windows")])
def test_other_systems_are_not_built(monkeypatch: pytest.MonkeyPatch, platform: str, system: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for opened in (open_native, open_grabber):
        with pytest.raises(NativeUnavailable, match=f"{system} is not built yet"):
            opened({"DISPLAY": ":0"}, time)
