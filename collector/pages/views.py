"""What stands on the pages, gathered from the collector's parts. Knows nothing of HTTP."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from collector.access import Access
from collector.errors import own_words
from collector.library import POLICY, Library
from collector.limits import PAGE_PULLS, SMALL_COUNT, TALLIED_HOURS, TICKET_S, VISIT_S
from collector.log import Log
from collector.pages.plots import Bar, bars
from collector.ports import Ledger
from collector.retention import Retention
from collector.rows import Visit
from collector.tally import Tally, few, rounded, shown
from schemas.access import AccessReply, PullRow
from schemas.checkpoint import Checkpoint
from schemas.envelope import HOUR_S
from schemas.events import Modality
from schemas.policy import Policy
from schemas.signed import parse_body
from schemas.wire import MAX_PAGE_ROWS, RefusalReason

DAY_S = 86_400
PLOTTED_DAYS = 60
"""Days in a plot: about two months fit a telephone's width."""
RECORDED: Mapping[Modality, str] = {
    Modality.KEYBOARD: "what you type, with secrets and personal data replaced before it is kept",
    Modality.POINTER: "movements, clicks and scrolling of the pointer",
    Modality.SCREEN: "pictures of that one window, with text masked before it is kept",
}


class Reading(Struct, frozen=True):
    """Readings of one researcher within an hour and for one reason."""

    at_s: int
    name: str
    researcher: str
    reason: str
    batches: int


class Views:
    """Gathers what pages show."""

    def __init__(
        self,
        ledger: Ledger,
        library: Library,
        access: Access,
        log: Log,
        retention: Retention,
        tally: Tally,
        clock: Callable[[], float],
    ) -> None:
        self._ledger, self._library, self._access = ledger, library, access
        self._log, self._retention, self._tally, self._clock = log, retention, tally, clock

    async def study(self) -> dict[str, Any]:
        """The study's public page. Nothing on it changes with anybody's answer.

        Raises:
            Refused: nothing is published yet.
        """
        shelf = await self._library.shelf()
        policy = parse_body(Policy, shelf.newest(POLICY).body)
        return {
            "study": shelf.manifest,
            "apps": policy.apps,
            "recorded": [RECORDED[each] for each in RECORDED if each in shelf.manifest.modalities],
            "notices": sorted(shelf.manifest.notices.items(), key=lambda item: (item[0] != "en", item[0])),
            "enrolled": await self._enrolled(),
            "checkpoint": await self._checkpoint(),
        }

    async def participant(self, visit: Visit) -> dict[str, Any]:
        """A participant's own page.

        Raises:
            Refused: nothing is published yet.
        """
        device = visit.device or ""
        record, pulls = await self._whole(device)
        days = await self._ledger.days_of(device)
        now_s = self._clock()
        readings = gathered(pulls)
        return {
            "record": record,
            "hold": (await self._ledger.holds()).get(device),
            "pulls": readings[:PAGE_PULLS],
            "more": len(readings) > PAGE_PULLS,
            "stored_plot": _by_day("Batches stored, by day", Counter(dict(days)), now_s),
            "pulls_plot": _by_day("Readings, by day", Counter(row.pull.at_s for row in pulls), now_s),
        }

    async def export(self, visit: Visit) -> AccessReply:
        """All that a participant's page stands on."""
        record, pulls = await self._whole(visit.device or "")
        return record.model_copy(update={"pulls": pulls, "next": None})

    async def operator(self) -> dict[str, Any]:
        """The operator's page: no people."""
        now_s, report = self._clock(), await self._retention.report()
        told, totals = self._tally.told(now_s), self._tally.totals(now_s)
        first = int(now_s) // HOUR_S * HOUR_S - TALLIED_HOURS * HOUR_S
        counts = {hour.begin_s: hour.uploads for hour in told}
        hours = [first + n * HOUR_S for n in range(TALLIED_HOURS)]
        found = [Bar(datetime.fromtimestamp(h, UTC).strftime("%d %b %H:00"), counts.get(h, 0)) for h in hours]
        return {
            "ready": True,
            "overdue": few(report.overdue),
            "half_erased": few(report.half_erased),
            "checkpoint": await self._checkpoint(),
            "enrolled": await self._enrolled(),
            "failed": totals.get("failed", 0),
            "hours": TALLIED_HOURS,
            "stored_plot": bars("Batches stored, by hour", found),
            "refused": [(r.value, totals[r.value], own_words(r)) for r in RefusalReason if totals.get(r.value)],
        }

    async def _whole(self, device: str) -> tuple[AccessReply, tuple[PullRow, ...]]:
        record = await self._access.record(device, 0, MAX_PAGE_ROWS)
        pulls, after = list(record.pulls), record.next
        while after is not None:
            page = await self._access.record(device, after, MAX_PAGE_ROWS)
            pulls, after = [*pulls, *page.pulls], page.next
        return record, tuple(pulls)

    async def _enrolled(self) -> int | str:
        count = (await self._ledger.counts()).devices
        return shown(count) if count < SMALL_COUNT else f"{rounded(count)} or more"

    async def _checkpoint(self) -> Checkpoint:
        return await self._log.newest()


def gathered(pulls: Iterable[PullRow]) -> list[Reading]:
    """Readings by researcher, reason and hour, newest first."""
    groups: dict[tuple[int, str, str], list[PullRow]] = {}
    for row in pulls:
        groups.setdefault((row.pull.at_s // HOUR_S, row.pull.researcher, row.pull.reason), []).append(row)
    found = [
        Reading(
            at_s=max(row.pull.at_s for row in rows),
            name=rows[0].name or "a researcher whom no notice names any more",
            researcher=rows[0].pull.researcher,
            reason=rows[0].pull.reason,
            batches=len({row.pull.batch for row in rows}),
        )
        for rows in groups.values()
    ]
    return sorted(found, key=lambda each: -each.at_s)


def _by_day(title: str, found: Counter[int], now_s: float) -> Markup:
    """A plot of the last days. Keys are Unix seconds."""
    days: Counter[int] = Counter()
    for seconds, count in found.items():
        days[seconds // DAY_S] += count
    today = int(now_s) // DAY_S
    wanted: Sequence[int] = range(today - PLOTTED_DAYS + 1, today + 1)
    return bars(title, [Bar(datetime.fromtimestamp(d * DAY_S, UTC).strftime("%d %b"), days[d]) for d in wanted])


TIMES = {"ticket_minutes": TICKET_S // 60, "visit_minutes": VISIT_S // 60}
"""What pages say of their own life."""
