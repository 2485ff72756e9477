"""The Python side: ``Study.open("data").stream()`` gives verified events as Arrow batches, participant by participant.

Here ``data`` is a pulled folder of two people with three batches each, and ``home`` the folder of a researcher's keys:

>>> from research.sdk import Study
>>> study = Study.open(data, home)
>>> study
Study(mail-study)
>>> stream = study.stream()
>>> batch = next(iter(stream))
>>> batch.num_rows, batch.schema.names[:3]
(21, ['participant', 'device', 'batch'])

It goes on where it was, in another process too, with what ``state_dict`` said:

>>> kept = stream.state_dict()
>>> again = study.stream()
>>> again.load_state_dict(kept)
>>> len(list(again)), len(list(study.stream()))
(5, 6)

As many readers as you like share the people out, and nobody is read twice:

>>> [len(list(study.stream(rank=rank, ranks=2))) for rank in range(2)]
[3, 3]

Nothing is written to disk, and nothing that does not verify is given out: :attr:`Stream.findings` says what was left
out, and why. A study refuses to open if the folder was pulled too long ago to know what was withdrawn, or is none:

>>> from pathlib import Path
>>> Study.open(Path("/nowhere"), organisation="A" * 43)
Traceback (most recent call last):
research.errors.InputError: cannot read /nowhere/ledger.json: No such file or directory
"""

import hashlib
import html
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platformdirs
from msgspec import Struct

from research import documents, keys, preview, table
from research.columnar import Columnar
from research.errors import InputError
from research.folder import Folder
from research.identity import SPLITS, split_of
from research.reasons import Finding, Reason
from research.trust import Trust
from research.unseal import opener
from research.verify import Opener, Plan, look, plan
from schemas.envelope import EnvelopeHeader

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
        trust = documents.trust(folder, organisation, home)
        documents.check_age(folder, trust, home, int(time.time()))
        listed = documents.listed(folder)
        opens = opener(keys.load(home).identity)
        return cls(trust, plan(folder.blobs(), trust), None if listed is None else frozenset(listed), opens)

    def _repr_html_(self) -> str:
        """For notebooks: how much there is, by split; nothing of what was recorded."""
        groups = [(n, len(g)) for n, g in self.plan.groups if n]
        shares = [(split, [size for n, size in groups if self._split(n) == split]) for split in SPLITS]
        rows = [(split, len(sizes), sum(sizes)) for split, sizes in shares]
        return f"<b>{html.escape(repr(self))}</b>" + preview.table(["split", "participants", "batches"], rows)

    def preview(self, rows: int = preview.ROWS, pictures: int = preview.PICTURES) -> preview.Preview:
        """The first events and pictures that verify, for a look in a notebook."""
        told: list[dict[str, Any]] = []
        shown: list[bytes] = []
        for _, group in (g for g in self.plan.groups if g[0]):
            for found in look(group, self.plan, self.trust, self.listed, self.opens):
                if found.usable and found.payload and found.header:
                    told += _rows(found.payload, found.header, found.name)[: rows - len(told)]
                    shown += preview.pictures(found.payload, pictures - len(shown))
                if len(told) >= rows and len(shown) >= pictures:
                    return preview.Preview(repr(self), told, shown)
        return preview.Preview(repr(self), told, shown)

    def _split(self, participant: str) -> str:
        return split_of(self.trust.study or "", participant)

    def stream(self, split: str | None = None, rank: int = 0, ranks: int = 1, seed: int | None = None) -> "Stream":
        """Events, a batch at a time.

        Args:
            split: ``train``, ``validation`` or ``test`` only.
            rank: which share of the participants, of ``ranks``: no two ranks see the same person.
            ranks: how many readers there are.
            seed: another order of participants, the same for all ranks; None for the order of their names.

        Raises:
            InputError: no such rank or split.
        """
        if not 0 <= rank < ranks:
            raise InputError("rank must be from 0 to one less than ranks")
        if split not in {None, *SPLITS}:
            raise InputError(f"there is no split {split}", f"There are {', '.join(SPLITS)}.")
        people = [n for n, _ in self.plan.groups if n and split in {None, self._split(n)}]
        if seed is not None:
            people.sort(key=lambda name: hashlib.sha256(f"overt-order/v1\n{seed}\n{name}".encode()).digest())
        return Stream(self, people[rank::ranks])


class Stream:
    """Arrow record batches of :data:`research.table.EVENTS`. Iterate it anywhere that takes an iterable.

    In a worker of a ``torch`` loader it gives out that worker's share of the participants. That needs workers that are
    forked; to those that are started anew it cannot be sent, since the key would go along.
    """

    def __init__(self, study: Study, people: list[str]) -> None:
        self._study, self._people = study, people
        self._done = (0, 0)
        self.findings: list[Finding] = []

    def __iter__(self) -> Iterator[Any]:
        """Go on where :meth:`load_state_dict` says, or at the beginning."""
        groups = dict(self._study.plan.groups)
        worker, workers = _worker()
        mine = range(worker, len(self._people), workers)
        person, batch = self._done
        for place in (p for p in mine if p >= person):
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

    def torch(self) -> Any:
        """The same as an ``IterableDataset``, which is what ``torch``'s loader asks for. Needs ``torch``.

        ``DataLoader(stream.torch(), batch_size=None, num_workers=2)`` gives Arrow record batches.
        """
        base = importlib.import_module("torch.utils.data").IterableDataset
        names = ("__iter__", "state_dict", "load_state_dict")
        return type("Events", (base,), {name: _passed_on(getattr(self, name)) for name in names})()

    def _participant(self, place: int, sources: list[Any], skip: int) -> Iterator[Any]:
        study = self._study
        for number, found in enumerate(look(sources, study.plan, study.trust, study.listed, study.opens)):
            if number < skip:
                continue
            self.findings += found.findings
            self._done = (place, number + 1)
            if found.usable and found.header and found.payload:
                try:
                    rows = _table(found.payload, found.header, found.name, self._people[place])
                except (ArithmeticError, ValueError):
                    self.findings.append(Finding(Reason.PAYLOAD_BROKEN, found.name, detail="does not fit in a table"))
                    continue
                yield from rows.to_batches()


def _table(opened: Columnar, header: EnvelopeHeader, name: str, participant: str) -> Any:
    origin = {"participant": participant, "device": header.device, "batch": name}
    return table.events_table(opened, {**origin, "batch_sequence": header.sequence, "episode": opened.episode})


def _rows(opened: Columnar, header: EnvelopeHeader, name: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = _table(opened, header, name, "").to_pylist()
    except (ArithmeticError, ValueError):
        return []
    return found


def _passed_on(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *given: call(*given)


def _worker() -> tuple[int, int]:
    """Which worker of how many this is, if ``torch`` is loaded and says so. It is never imported here."""
    data = sys.modules.get("torch.utils.data")
    info = data.get_worker_info() if data else None
    return (info.id, info.num_workers) if info else (0, 1)
