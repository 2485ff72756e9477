"""The replay, in a real browser: it shows what was recorded, runs nothing of it, and asks the network for nothing."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from research import desk
from research.errors import InputError
from research.view import timed, view
from schemas.events import Event, Span
from tests.research.bench import Bench, filmed
from tests.support.browsers import CHROMIUM, QUIET

LIMIT_S = 100
HOSTILE = "</script><script>document.title='owned'</script><img src='{url}x.png'>"


def _dom(page: Path, profile: Path, where: str = "") -> str:
    """The page once it is painted: on a busy machine the browser's virtual time may run out before its decoders."""
    arguments = (*QUIET, "--headless", "--virtual-time-budget=20000", "--dump-dom", f"--user-data-dir={profile}")
    command, dom = [CHROMIUM, *arguments, page.as_uri() + where], ""
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=True)
        dom = done.stdout.decode()
        if re.search(r'data-painted="[1-9]', dom):
            break
    return dom


def _exported(bench: Bench, tmp_path: Path) -> Path:
    desk.export(bench.save(tmp_path / "data"), tmp_path / "out", None, bench.home(tmp_path / "home"))
    return tmp_path / "out"


def test_a_replay_shows_all_and_runs_none_of_it(bench: Bench, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/"
    device = bench.person()
    make, span = device.make, Span(0, 9, "EMAIL", "email", 1, 1, 16)
    frames, section = filmed(device, 3)
    text = make.text("⟨EMAIL#1⟩ hello", spans=[span])
    hostile: list[Event] = [make.focus(title=HOSTILE.format(url=url)), make.text(HOSTILE.format(url=url)), text]
    pressed: list[Event] = [make.pointer("down", 300, 300), make.pointer("up", 300, 300), make.gap()]
    device.envelope([*frames, *hostile, *pressed], frames=section)
    page = tmp_path / "replay.html"
    told = view(_exported(bench, tmp_path), page, device.participant)
    assert (told["events"], told["pictures"], told["cut"]) == (9, 3, False)
    dom = _dom(page, tmp_path / "profile", "#event=8")
    log = re.search(r'<div id="log".*?</div></div>', dom, re.DOTALL)
    assert log
    assert "<title>Replay of" in dom
    assert '<span class="placeholder">⟨EMAIL#1⟩</span>' in log[0]
    assert "left down (300, 300)" in log[0]
    assert '<div class="gap now">' in log[0]
    assert "<img" not in dom.replace("&lt;img", "")
    assert 'data-painted="8"' in dom
    assert 'width="800" height="600"' in dom


def test_it_plays_to_the_end_by_itself(bench: Bench, tmp_path: Path) -> None:
    device = bench.person()
    frames, section = filmed(device, 2)
    device.envelope([*device.make.typing("one two"), *frames, device.make.pointer("down", 300, 300)], frames=section)
    told = view(_exported(bench, tmp_path), tmp_path / "replay.html", device.participant)
    dom = _dom(tmp_path / "replay.html", tmp_path / "profile", "#playing")
    assert f'data-painted="{told["events"] - 1}"' in dom
    assert ">Play</button>" in dom
    assert 'width="800" height="600"' in dom


def test_times_go_on_over_a_restart_and_never_back() -> None:
    ms = 1_000_000
    rows = [
        {"seq": 0, "epoch": 0, "mono_ns": 50 * ms, "wall_ns": 1000 * ms},
        {"seq": 1, "epoch": 0, "mono_ns": 60 * ms, "wall_ns": 900 * ms},
        {"seq": 2, "epoch": 1, "mono_ns": 5 * ms, "wall_ns": 1900 * ms},
        {"seq": 3, "epoch": 2, "mono_ns": 6 * ms, "wall_ns": 1000 * ms},
    ]
    assert [row["t"] for row in timed(rows)] == [0, 10, 1010, 1010]


def test_the_page_forbids_itself_every_request(busy: Bench, tmp_path: Path) -> None:
    page = tmp_path / "replay.html"
    view(_exported(busy, tmp_path), page, busy.world.devices[0].participant)
    text = page.read_text()
    (policy,) = re.findall(r'Content-Security-Policy"\s+content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src" not in policy
    assert not re.search(r"https?://|@import|<link|<iframe", text)
    data = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    assert "<" not in data[1]
    assert len(json.loads(data[1])["pictures"]) == 3


def test_a_choice_has_to_be_made_between_participants(busy: Bench, tmp_path: Path) -> None:
    out = _exported(busy, tmp_path)
    with pytest.raises(InputError, match="2 participants"):
        view(out, tmp_path / "x.html")
    with pytest.raises(InputError, match="no such episode"):
        view(out, tmp_path / "x.html", busy.world.devices[0].participant, "never")
