"""The review program's desk: the person's key, the index, and the batches that lie here, opened as they are asked for.

Nothing that is opened is ever written: it lives in this process, which cannot be dumped or read by others.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from msgspec import Struct

from agent.core.chain import HELD, BatchState, Row
from agent.core.note import Note
from agent.daemon.standing import Standing, read_standing
from agent.disk.keys import REVIEW_KEY, open_keys
from agent.disk.places import Places
from agent.disk.spool import Spool
from agent.errors import DamagedError, NoStudyError, OvertError
from agent.net.control import DaemonNotRunning, ProtocolError, ask
from agent.review.opening import BatchRefusedError, Fault, Opened, Opener, identity_of
from schemas.status import Counts

SECOND_NS = 1_000_000_000
PATIENCE_S = 3.0
"""Seconds to wait until what was in memory is sealed: an fsync on a busy disk."""
LOOK_S = 0.02
T = TypeVar("T")


class NoReviewKeyError(OvertError):
    """The person's own key is not at hand."""

    remedy = "unlock your keyring and try again; overt doctor says where your keys lie"


class Held(Struct, frozen=True):
    """What lies on this machine: opened batches, and those that are not shown."""

    opened: tuple[Opened, ...]
    refused: tuple[BatchRefusedError, ...]

    def __repr__(self) -> str:
        return f"Held({len(self.opened)}, {len(self.refused)})"


class Desk:
    """What the person can look at.

    Raises:
        NoStudyError: this machine takes part in no study.
        NoReviewKeyError: the review key cannot be had.
        DamagedError: the index cannot be read.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        keys = open_keys(places)
        self.found: Standing = read_standing(places, keys)
        enrolment = self.found.enrolment
        if enrolment is None or self.found.asked is None:
            raise NoStudyError("this machine takes part in no study that can be read")
        try:
            seed = keys.get(REVIEW_KEY)
        except OSError:
            seed = None
        identity = identity_of(seed, enrolment.review_recipient)
        if identity is None:
            raise NoReviewKeyError("the key with which you open your own batches is not at hand")
        self._opener = Opener(identity, enrolment.public_key)
        self._cache: dict[str, Opened] = {}
        policies = (self.found.asked.policy, *self.found.asked.policies.values())
        self.app_names = {rule.id: rule.name for policy in reversed(policies) for rule in policy.apps}

    def rows(self) -> list[Row]:
        """Every batch there ever was, oldest first."""
        return self._spool(lambda spool: spool.history())

    def notes(self) -> dict[int, Note]:
        """What was noted of each batch, of those that have a note."""
        sealed = self._spool(lambda spool: spool.notes())
        found = {sequence: self._opener.note(data) for sequence, data in sealed.items()}
        return {sequence: note for sequence, note in found.items() if note is not None}

    def open(self, rows: Iterable[Row]) -> Held:
        """Open those of them that lie here. What was opened before and is the same still is not opened again."""
        opened, refused = list[Opened](), list[BatchRefusedError]()
        for row in rows:
            if row.state not in HELD:
                continue
            try:
                opened.append(self._open(row))
            except BatchRefusedError as error:
                refused.append(error)
        return Held(tuple(opened), tuple(refused))

    def lying(self, rows: Iterable[Row]) -> list[Row]:
        """Those of them whose content lies here."""
        return [row for row in rows if row.state in HELD]

    def seal(self) -> Counts | None:
        """Have what is in memory sealed, so that it can be looked at; counts of a running daemon, if one runs."""
        try:
            counts = ask(self.places.control_socket, "seal").counts
        except (DaemonNotRunning, ProtocolError):
            return None
        deadline = time.monotonic() + PATIENCE_S
        while counts.batches_waiting > self._waiting() and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return counts

    def forget(self) -> None:
        """Let go what was opened."""
        self._cache.clear()

    def _open(self, row: Row) -> Opened:
        if (known := self._cache.get(row.digest)) is not None and known.row == row:
            return known
        try:
            data = self._spool(lambda spool: spool.read(row.sequence))
        except FileNotFoundError:
            raise BatchRefusedError(row.sequence, Fault.MISSING) from None
        opened = self._opener.open(row, data)
        self._cache[row.digest] = opened
        return opened

    def _waiting(self) -> int:
        with suppress(DamagedError):
            return sum(row.state is BatchState.WAITING for row in self.rows())
        return 0

    def _spool(self, look: Callable[[Spool], T]) -> T:
        try:
            self.places.make()
            spool = Spool(self.places, adopt=False)
            try:
                return look(spool)
            finally:
                spool.close()
        except FileNotFoundError:
            raise
        except OSError:
            raise DamagedError("the list of batches cannot be read", "overt doctor") from None
