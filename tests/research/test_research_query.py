"""Counting before anything is fetched or opened, and what a count never gives away."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research import asking, cli, query
from research.query import LEAST, Wanted
from schemas.envelope import parse_head
from schemas.events import Modality
from schemas.scope import Scope, TimingTier
from schemas.wire import BatchRow
from tests.research.bench import NOW_NS, Bench
from tests.support.devices import HOUR_NS


@pytest.fixture
def six(bench: Bench) -> Bench:
    """Six people who agreed to all; the last of them alone also to times to the minute and one app."""
    for _ in range(5):
        device = bench.person()
        device.envelope([*device.make.typing("dear team"), device.make.pointer("down")])
    lone = bench.world.device()
    apps = bench.world.scope(["mail"], [Modality.KEYBOARD])
    lone.grant(Scope(apps=apps.apps, timing=TimingTier.ORDER))
    lone.envelope(lone.make.typing("all by myself"))
    return bench


def _rows(bench: Bench) -> list[BatchRow]:
    return [
        BatchRow(cursor=n + 1, digest=s.name, device=parse_head(s.data)[0].device, sequence=0, size=len(s.data))
        for n, s in enumerate(bench.sources())
    ]


def _told(found: query.Answer) -> dict[tuple[str, ...], int | None]:
    return {tuple(cell.names.values()): cell.participants for cell in found.cells}


def test_the_collectors_documents_tell_who_agreed_and_at_most_how_much(six: Bench) -> None:
    found = query.agreed(six.trust(), _rows(six), Wanted(by=("app", "modality")))
    assert _told(found)["mail", "keyboard"] == 6
    assert _told(found)["editor", "screen"] == 5
    assert (found.ground, found.total.batches, found.total.events) == ("agreed", 6, None)


def test_few_people_tell_no_number_and_no_total_gives_them_away(six: Bench) -> None:
    found = query.agreed(six.trust(), _rows(six), Wanted(by=("timing",)))
    assert _told(found) == {("exact",): None, ("order",): None}
    assert (found.hidden, found.total.participants) == (2, 6)
    only = query.agreed(six.trust(), _rows(six), Wanted(timing=frozenset({"order"}), by=("app",)))
    assert only.total.participants is only.total.bytes is None


def test_a_folder_with_a_key_counts_events(six: Bench, tmp_path: Path) -> None:
    folder, home = six.save(tmp_path / "data"), six.home(tmp_path / "home")
    by = Wanted(by=("modality",))
    found = asking.in_folder(folder, None, home, by, headers_only=False)
    cells = {cell.names["modality"]: cell for cell in found.cells}
    assert found.ground == "events"
    assert (cells["pointer"].participants, cells["pointer"].events) == (5, 5)
    headers = asking.in_folder(folder, None, home, by, headers_only=True)
    assert (headers.ground, headers.total.batches) == ("headers", 6)
    later = Wanted(since_ns=NOW_NS + HOUR_NS, by=("app",))
    assert asking.in_folder(folder, None, home, later, headers_only=False).cells == []


def test_the_command_asks_for_a_reason_and_prints_what_it_counted_on(
    six: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, home = six.save(tmp_path / "data"), six.home(tmp_path / "home")
    arguments = ["query", str(folder.root), "--home", str(home), "--by", "cohort", "--app", "mail"]
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments, "--json"])
    assert end.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ground"], told["cells"][0]["names"]["cohort"], told["least"]) == ("events", "2027-01", LEAST)
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert "event by event" in " ".join(capsys.readouterr().out.split())
    for wrong in (["query"], ["query", "--modality", "smell", "--reason", "x"], ["query", "--by", "height"]):
        with pytest.raises(SystemExit) as end:
            cli.main([*wrong, "--home", str(home)])
        assert end.value.code == 2


@given(st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=9), max_size=6))
def test_what_totals_leave_over_is_never_of_fewer_people(groups: list[set[int]]) -> None:
    people: dict[tuple[str, ...], frozenset[str]] = {
        (str(n),): frozenset(map(str, group)) for n, group in enumerate(groups)
    }
    hidden = query._hidden(people)
    assert all(key in hidden for key, group in people.items() if len(group) < LEAST)
    left = frozenset().union(*(people[key] for key in hidden))
    assert not hidden or len(left) >= LEAST or hidden == people.keys()
