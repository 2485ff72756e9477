"""G6, G8, G9 on a real desktop: nothing sealed is lost, nothing unsealed is found, every batch proves its consent."""

import os
import signal
from pathlib import Path

import pytest

from scripts.demo.planted import plant
from tests.journeys.conftest import Household
from tests.support.live import nothing_waits
from tests.support.sweep import sweep

pytestmark = pytest.mark.journey
PLANTED = plant(7)
PROSE = "wombats cross the meadow at dusk"


def verified(home: Household, folder: Path) -> dict[str, int]:
    home.organisation.research("pull", "--out", str(folder), "--reason", "journey", "--json")
    report = home.organisation.research("verify", str(folder), "--json", code=None).json
    assert report["good"], report["findings"]
    return {"batches": report["batches"], "events": report["events"]}


def test_g9_batches_wait_while_the_collector_is_away_and_arrive_in_order(household: Household, tmp_path: Path) -> None:
    household.start()
    household.agree()
    collector = household.organisation.collector_process
    assert collector is not None
    collector.kill()
    household.type_into(
        household.allowed, f"{PROSE}.\nMail {PLANTED.email} or {PLANTED.card}. password: {PLANTED.password}\n"
    )
    household.hands.focus_window(household.forbidden.window.id)
    household.employee.wait_for(
        "a batch to wait", lambda s: s["counts"]["batches_waiting"] and not s["counts"]["unsealed"]
    )
    os.kill(household.daemon.pid, signal.SIGKILL)  # with sealed batches waiting
    household.daemon.wait(5)
    household.organisation.serve()
    household.daemon = household.employee.daemon()
    household.employee.wait_for("all to arrive", nothing_waits)
    assert verified(household, tmp_path / "pull")["events"] > 0


def test_g6_a_daemon_killed_while_typing_leaves_nothing_in_the_clear(household: Household) -> None:
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    household.type_into(household.allowed, f"the key is {PLANTED.api_key} and {PROSE} again, {PLANTED.forbidden}")
    household.employee.wait_for("keys to be held", lambda s: s["counts"]["held"] > 0)
    limits = Path(f"/proc/{household.daemon.pid}/limits").read_text()
    assert any(line.split()[4:6] == ["0", "0"] for line in limits.splitlines() if line.startswith("Max core file"))
    os.kill(household.daemon.pid, signal.SIGKILL)
    household.daemon.wait(5)
    wanted = {**PLANTED.secrets(), "canary": PLANTED.forbidden, "dull words": PROSE}
    editor = household.desktop.home / ".local/share/Mousepad"  # saves unsaved text itself, in the clear
    swept = sweep([household.desktop.folder], wanted, leave_out=[editor])
    assert swept.files > 10
    assert swept.hits == ()


def test_g8_the_chain_goes_on_after_the_crash_and_still_verifies(household: Household, tmp_path: Path) -> None:
    household.daemon = household.employee.daemon()
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    for line in ("after the crash the text goes on\n", "and on, in another batch\n"):
        household.type_into(household.allowed, line)
        household.employee.wait_for("keys to be held", lambda s: s["counts"]["held"] > 0)
        household.received()
    before = len(list((household.employee.state / "spool").glob("*.overt")))
    assert before == 0
    assert verified(household, tmp_path / "pull")["batches"] >= 2


def test_g8_a_flipped_bit_or_a_missing_batch_is_named(household: Household, tmp_path: Path) -> None:
    folder = tmp_path / "pull"
    verified(household, folder)
    first = min(folder.rglob("*.overt"))
    data = bytearray(first.read_bytes())
    data[-1] ^= 1
    first.write_bytes(data)
    report = household.organisation.research("verify", str(folder), "--json", code=1).json
    assert not report["good"]
    first.unlink()
    report = household.organisation.research("verify", str(folder), "--json", code=1).json
    assert not report["good"]
