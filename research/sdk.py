"""The Python side: ``Study.open("data").stream()`` gives verified events as Arrow batches, participant by participant.

>>> from pathlib import Path
>>> from research.sdk import Study
>>> try:
...     Study.open(Path("/nowhere"), organisation="A" * 43)
... except Exception as error:
...     print(error)
the folder does not tell when it was pulled

Nothing is written to disk, and nothing that does not verify is given out: :attr:`Stream.findings` says what was left
out, and why. A stream refuses to begin if the folder was pulled too long ago (:data:`research.sweep.LEASE_S`).
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
from msgspec import Struct

from research import desk, keys, table
from research.errors import InputError
from research.folder import Folder
from research.identity import split_of
from research.reasons import Finding, Reason
from research.sweep import check_fresh
from research.trust import Trust
from research.unseal import opener
from research.verify import Opener, Plan, look, plan

HOME = Path(platformdirs.user_config_dir("overt-research"))


class Study(Struct, frozen=True):
    """A pulled folder, its documents verified, and a researcher's key. The key lives in this process only."""

    trust: Trust
    plan: Plan
    listed: frozenset[str] | None
    opens: Opener

    def __repr__(self) -> str:
        """The study's name."""
        return f"Study({self.trust.study})"

    @classmethod
    def open(cls, data: Path, home: Path = HOME, organisation: str | None = None) -> "Study":
        """Open a folder that was pulled.

        Args:
            data: the folder.
            home: folder of the researcher's keys.
            organisation: its public key, base64url; None for the pinned one.

        Raises:
            InputError: not a pulled folder.
            StaleError: pulled too long ago to know what was withdrawn since.
            KeyFileError: no key to open with.
        """
        folder = Folder(data)
        check_fresh(desk.fetched(folder), int(time.time()))
        trust = desk.trust(folder, organisation, home)
        listed = desk.listed(folder)
        opens = opener(keys.load(home).identity)
        return cls(trust, plan(folder.blobs(), trust), None if listed is None else frozenset(listed), opens)

    def stream(self, split: str | None = None, rank: int = 0, ranks: int = 1) -> "Stream":
        """Events, a batch at a time.

        Args:
            split: ``train``, ``validation`` or ``test`` only.
            rank: which share of the participants, of ``ranks``: no two ranks see the same person.
            ranks: how many readers there are.

        Raises:
            InputError: no such rank.
        """
        if not 0 <= rank < ranks:
            raise InputError("rank must be from 0 to one less than ranks")
        people = [n for n, _ in self.plan.groups if n and split in {None, split_of(self.trust.study or "", n)}]
        return Stream(self, people[rank::ranks])


class Stream:
    """Arrow record batches of :data:`research.table.EVENTS`. Iterate it anywhere that takes an iterable."""

    def __init__(self, study: Study, people: list[str]) -> None:
        self._study, self._people = study, people
        self._done = (0, 0)
        self.findings: list[Finding] = []

    def __iter__(self) -> Iterator[Any]:
        """Go on where :meth:`load_state_dict` says, or at the beginning."""
        groups = dict(self._study.plan.groups)
        person, batch = self._done
        for place in range(person, len(self._people)):
            yield from self._participant(place, groups[self._people[place]], batch if place == person else 0)
        self._done = (0, 0)

    def state_dict(self) -> dict[str, Any]:
        """Where the stream is: plain data, to be kept with a checkpoint."""
        return {"people": list(self._people), "person": self._done[0], "batch": self._done[1]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where a stream was. Batches before are read for the chain's sake, and not given out again.

        Raises:
            InputError: the state is of other participants: somebody withdrew, or the folder was pulled anew.
        """
        if state["people"] != self._people:
            raise InputError("the state is of other participants", "Begin anew: who takes part has changed.")
        self._done = (int(state["person"]), int(state["batch"]))

    def _participant(self, place: int, sources: list[Any], skip: int) -> Iterator[Any]:
        study = self._study
        for number, found in enumerate(look(sources, study.plan, study.trust, study.listed, study.opens)):
            if number < skip:
                continue
            self.findings += found.findings
            self._done = (place, number + 1)
            if found.usable and found.header and found.payload:
                origin = {"participant": self._people[place], "device": found.header.device, "batch": found.name}
                more = {"batch_sequence": found.header.sequence, "episode": found.payload.episode}
                try:
                    rows = table.events_table(found.payload, {**origin, **more})
                except (ArithmeticError, ValueError):
                    self.findings.append(Finding(Reason.PAYLOAD_BROKEN, found.name, detail="does not fit in a table"))
                    continue
                yield from rows.to_batches()
