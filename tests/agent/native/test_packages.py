"""Packages by dpkg's lists: this machine's own, and lists that are not to be believed."""

import os
from pathlib import Path

import pytest

from agent.native.packages import Packages

MOUSEPAD, GEANY = "deb:mousepad", "deb:geany"


def lists(folder: Path, **packages: str) -> Packages:
    for name, text in packages.items():
        (folder / f"{name}.list").write_text(text)
    return Packages(folder, os.getuid())


def test_this_machines_own_programs_are_told_apart() -> None:
    packages = Packages()
    assert packages.owning("/usr/bin/mousepad", {MOUSEPAD, GEANY}) == {MOUSEPAD}
    assert packages.owning("/usr/bin/geany", {MOUSEPAD, GEANY}) == {GEANY}
    for other in ("/usr/bin/xterm", "/home/me/usr/bin/mousepad", "/usr/bin/mousepad (deleted)", ""):
        assert packages.owning(other, {MOUSEPAD, GEANY}) == frozenset()
    assert packages.owning("/usr/bin/mousepad", {"deb:no-such-package", "rpm:mousepad"}) == frozenset()


def test_a_place_that_is_a_link_today_is_told_by_what_it_leads_to() -> None:
    assert Packages().owning(os.path.realpath("/bin/bash"), {"deb:bash"}) == {"deb:bash"}


def test_a_list_is_read_anew_when_it_changed_and_forgotten_when_it_is_gone(tmp_path: Path) -> None:
    packages = lists(tmp_path, pad="/opt/pad\n")
    assert packages.owning("/opt/pad", {"deb:pad"})
    lists(tmp_path, pad="/opt/other\n/opt/third\n")
    assert not packages.owning("/opt/pad", {"deb:pad"})
    assert packages.owning("/opt/third", {"deb:pad"})
    (tmp_path / "pad.list").unlink()
    assert not packages.owning("/opt/third", {"deb:pad"})
    (tmp_path / "pad:amd64.list").write_text("/opt/pad\n")
    assert packages.owning("/opt/pad", {"deb:pad"})


@pytest.mark.parametrize("name", ["deb:../pad", "deb:", "deb:/etc/passwd", "pad"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "info").mkdir()
    lists(tmp_path, pad="/opt/pad\n")
    assert not Packages(tmp_path / "info", os.getuid()).owning("/opt/pad", {name})


def test_what_others_could_have_written_is_not_believed(tmp_path: Path) -> None:
    packages = lists(tmp_path, pad="/opt/pad\n")
    assert not Packages(tmp_path, os.getuid() + 1).owning("/opt/pad", {"deb:pad"})
    (tmp_path / "pad.list").chmod(0o666)
    assert not packages.owning("/opt/pad", {"deb:pad"})
    (tmp_path / "pad.list").chmod(0o644)
    tmp_path.chmod(0o777)
    assert not packages.owning("/opt/pad", {"deb:pad"})
    tmp_path.chmod(0o755)
    (tmp_path / "linked.list").symlink_to(tmp_path / "pad.list")
    assert not packages.owning("/opt/pad", {"deb:linked"})
