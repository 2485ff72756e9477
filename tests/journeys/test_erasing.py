"""G10 on a real desktop: deleted before it was sent, deleted after it, while the collector is away, and at an off."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.disk.places import Places
from agent.net.control import ask
from tests.journeys.conftest import APPS, BATCH_S, Household
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import POLICY, Employee, Organisation
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
CANARY = "wombats file their tax records at dawn"
REVIEW_S = 3_600
"""Seconds that a batch is held where the test has to be faster than the shipper."""
PATIENCE_S = 150.0


@contextmanager
def household_with(review_s: int) -> Iterator[Household]:
    with Desktop() as desktop, Driver(desktop.display) as hands:
        folder = desktop.folder / "organisation"
        folder.mkdir()
        organisation = Organisation(folder, desktop.env, desktop.start)
        home = Household(desktop, hands, organisation, Employee.on(desktop))
        organisation.found()
        organisation.serve()
        organisation.study(batch_s=BATCH_S, policy=POLICY.replace("review_s = 0", f"review_s = {review_s}"))
        home.employee.overt("enrol", organisation.link())
        home.open_windows()
        home.start()
        home.employee.agree_in_terminal(APPS)
        home.hands.focus_window(home.allowed.window.id)
        home.await_state("capturing")
        yield home


@pytest.fixture(scope="module")
def prompt() -> Iterator[Household]:
    """Everything is sent at once."""
    with household_with(review_s=0) as home:
        yield home


def states(home: Household) -> list[str]:
    return [row["state"] for row in home.employee.overt("batches", "--json").json["batches"]]


def blobs(home: Household) -> list[Path]:
    return [p for p in (home.organisation.data / "blobs").rglob("*") if p.is_file()]


def typed_and_sealed(home: Household) -> None:
    home.type_into(home.allowed, CANARY + "\n")
    home.hands.focus_window(home.forbidden.window.id)  # ends the segment
    home.employee.wait_for("a batch", lambda s: s["counts"]["batches_waiting"] + s["counts"]["batches_sent"] > 0)
    home.employee.wait_for("all to be sealed", lambda s: not s["counts"]["held"] + s["counts"]["unsealed"])


def all_sent(home: Household) -> bool:
    """Let the time for review be over, for what is sealed by now; true once nothing waits any more."""
    index = sqlite3.connect(home.employee.state / "index.sqlite")
    with index:
        index.execute("UPDATE batch SET sealed_s = 0")
    index.close()
    now = ask(Places.from_environ(home.employee.env).control_socket, "reload").counts
    return now.batches_sent > 0 and not now.batches_waiting


def exported(home: Household, folder: Path) -> dict[str, int]:
    """What a researcher gets, after checking that everything verifies: keys kept, and keys deleted."""
    pulled, out = folder / "pulled", folder / "exported"
    home.organisation.research("pull", "--out", str(pulled), "--reason", "journey", "--json")
    report = home.organisation.research("verify", str(pulled), "--json", code=None).json
    assert report["good"], report["findings"]
    home.organisation.research("export", str(pulled), "--out", str(out), "--json")
    account = json.loads((out / "account.json").read_text())["account"]
    for each in account.values():
        assert each["seen"] == each["kept"] + sum(each["dropped"].values())
    return {
        "kept": account["keyboard"]["kept"] if "keyboard" in account else 0,
        "deleted": sum(each["dropped"].get("deleted", 0) for each in account.values()),
        "batches": report["batches"],
        "erased": report["erased"],
    }


def test_g10_what_is_deleted_before_it_is_sent_is_never_sent(tmp_path: Path) -> None:
    with household_with(REVIEW_S) as home:
        typed_and_sealed(home)
        home.hands.focus_window(home.allowed.window.id)
        home.await_state("capturing")
        home.type_into(home.allowed, "and something that is not sealed yet")
        sealed = [p.read_bytes() for p in (home.employee.state / "spool").glob("*.overt")]
        assert sealed
        done = home.employee.overt("delete", "--last", "10m", "--json").json["deleted"]
        assert done["asked"] == 0
        assert done["batches"] >= len(sealed)  # one may have been closed since
        assert done["events"] >= 2 * len(CANARY)
        assert set(states(home)[: done["batches"]]) == {"deleted"}  # what came since waits
        left = [p.read_bytes() for p in home.employee.state.rglob("*") if p.is_file()]
        assert not any(envelope[-512:] in data for envelope in sealed for data in left)
        home.await_state("capturing")  # deleting is no off
        home.hands.focus_window(home.forbidden.window.id)
        home.employee.wait_for("all to be sealed", lambda s: not s["counts"]["held"] + s["counts"]["unsealed"])
        # The last batch tells what was wiped from memory; it is closed at its age, after everything else was sent.
        until(lambda: len(states(home)) > done["batches"] and all_sent(home), PATIENCE_S, "the gaps to be sent")
        found = exported(home, tmp_path)
        assert found["kept"] == 0
        assert found["deleted"] == done["events"]
        assert found["erased"] == 0


def test_g10_what_was_sent_is_deleted_by_the_collector_and_its_place_stays(prompt: Household, tmp_path: Path) -> None:
    typed_and_sealed(prompt)
    prompt.received()
    before = blobs(prompt)
    assert before
    done = prompt.employee.overt("delete", "--last", "10m", "--json").json["deleted"]
    assert done["asked"] == len(before)
    assert done["daemon"] is True
    until(lambda: set(states(prompt)) == {"erased"}, PATIENCE_S, "the collector to confirm")
    assert blobs(prompt) == []
    prompt.hands.focus_window(prompt.allowed.window.id)
    prompt.type_into(prompt.allowed, "life goes on\n")
    prompt.received()
    found = exported(prompt, tmp_path)
    assert found["erased"] == len(before)
    assert found["kept"] > 0


def test_g10_an_off_erases_although_the_collector_is_away_and_it_is_carried_out_when_it_is_back(
    prompt: Household, tmp_path: Path
) -> None:
    prompt.hands.focus_window(prompt.allowed.window.id)
    typed_and_sealed(prompt)
    prompt.received()
    process = prompt.organisation.collector_process
    assert process is not None
    process.kill()
    done = prompt.employee.overt("off", "--erase", "--json").json
    assert done["state"] == "off"
    assert done["erased"]["asked"] > 0
    assert set(states(prompt)) == {"erasing", "erased"}
    assert prompt.employee.status()["counts"]["batches_erasing"] == done["erased"]["asked"]
    prompt.daemon.kill()  # and a restart forgets nothing
    prompt.organisation.serve()
    prompt.daemon = prompt.employee.daemon()
    until(lambda: set(states(prompt)) == {"erased"}, PATIENCE_S, "the collector to confirm")
    assert blobs(prompt) == []
    assert list((prompt.employee.state / "spool").iterdir()) == []
    assert exported(prompt, tmp_path)["batches"] == 0
