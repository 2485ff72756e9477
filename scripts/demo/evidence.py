"""What the researcher holds in the end, and what it proves."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from schemas.envelope import parse
from tests.support.live import Organisation

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / "node_modules"
OPEN_JS = """
import * as age from "age-encryption"; import { readFileSync } from "node:fs";
const d = new age.Decrypter(); d.addIdentity(readFileSync(process.argv[2], "utf8").trim());
const out = await d.decrypt(readFileSync(process.argv[3])); process.stdout.write(String(out.length));
"""


@dataclass(frozen=True)
class Finding:
    """Something to claim."""

    text: str
    holds: bool
    because: str = ""


class Evidence:
    """The researcher's folders."""

    def __init__(self, organisation: Organisation, out: Path) -> None:
        self._organisation = organisation
        self._out = out
        self.pulled = organisation.folder / "pulled"
        self.exported = organisation.folder / "exported"

    def pull(self) -> int:
        """Pull twice: the second time there is nothing left to fetch."""
        reason = "Overt's demo"
        self._organisation.research("pull", "--out", str(self.pulled), "--reason", reason, "--json")
        again = self._organisation.research("pull", "--out", str(self.pulled), "--reason", reason, "--json").json
        return int(again["present"])

    def verify(self) -> dict[str, Any]:
        """The verifier's report."""
        return self._organisation.research("verify", str(self.pulled), "--json", code=None).json

    def export(self) -> None:
        """Parquet and contact sheet."""
        self._organisation.research("export", str(self.pulled), "--out", str(self.exported), "--sheets", "--json")

    def text(self) -> str:
        """All typed text, redacted, segment after segment."""
        found = [row["text"] for table in self._tables("text") for row in table.to_pylist()]
        return "\n".join(found)

    def account(self) -> dict[str, Any]:
        """The loss accounts of all batches together: modality → seen, kept, dropped by reason."""
        rows: dict[str, Any] = json.loads((self.exported / "account.json").read_text())["account"]
        return rows

    @staticmethod
    def balances(account: dict[str, Any]) -> bool:
        """Seen is kept plus dropped, and there is something in it."""
        return bool(account) and all(r["seen"] == r["kept"] + sum(r["dropped"].values()) for r in account.values())

    def times(self) -> tuple[str, str, str, str]:
        """First and last event, begin and end of consent, as ISO times in UTC."""
        walls = [w for table in self._tables("events") for w in table.column("wall_ns").to_pylist()]
        ledger = json.loads((self.pulled / "ledger.json").read_text())
        events = [json.loads(_body(entry)) for entry in ledger["consents"]]
        given = next(e for e in events if e["events"][-1]["event_state"] == "ConsentGiven")
        begin, end = (e["events"][-1]["event_time"] for e in (given, events[-1]))
        return _iso(min(walls)), _iso(max(walls)), _plain(begin), _plain(end)

    def overlaps(self) -> int:
        """How many rectangles were filled because another window lay there."""
        rows = (row for table in self._tables("frames") for row in table.column("masks").to_pylist())
        return sum("overlap" in str(mask) for masks in rows for mask in masks or [])

    @staticmethod
    def another_age() -> bool:
        """Whether an implementation of age that is not ours is at hand."""
        return (NODE_MODULES / "age-encryption").exists()

    def age(self) -> Iterator[Finding]:
        """Open every batch with it."""
        identity = self._organisation.folder / "identity.txt"
        script = self._organisation.folder / "open.mjs"
        script.write_text(OPEN_JS)
        (self._organisation.folder / "node_modules").symlink_to(NODE_MODULES)
        self._organisation.research("age-identity", "--export", "--out", str(identity))
        sizes = [self._open(script, identity, path) for path in self._blobs()]
        yield Finding(
            f"another age implementation (npm age-encryption) opens all {len(sizes)} batches with the study's key",
            holds=bool(sizes) and all(size > 0 for size in sizes),
            because=str(sizes),
        )
        identity.unlink()

    def useless(self) -> bool:
        """A copy of the whole collector, tried with every key that lies in it, opens nothing."""
        from schemas import age  # noqa: PLC0415

        stolen = self._organisation.folder / "stolen"
        shutil.copytree(self._organisation.data, stolen)
        whole = [p.read_bytes() for p in sorted(stolen.rglob("*")) if p.is_file()]
        seeds = [data[: age.SEED_BYTES] for data in whole if len(data) >= age.SEED_BYTES]
        identities = [age.Identity.from_seed(seed) for seed in seeds]
        for path in self._blobs():
            payload = parse(path.read_bytes()).payload
            try:
                age.decrypt(payload, identities, limit=1 << 26)
            except age.NoMatchingIdentity:
                continue
            return False
        shutil.rmtree(stolen)
        return True

    def keep(self) -> None:
        """Copy what people will want to look at."""
        for path in sorted(self.exported.rglob("*")):
            if path.is_file():
                target = self._out / "export" / path.relative_to(self.exported)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)

    def _blobs(self) -> list[Path]:
        return sorted(p for p in self.pulled.rglob("*.overt"))

    def _tables(self, name: str) -> Iterator[Any]:
        for path in sorted(self.exported.rglob(f"{name}*.parquet")):
            yield pq.read_table(path)

    def _open(self, script: Path, identity: Path, batch: Path) -> int:
        sealed = self._organisation.folder / "batch.age"
        sealed.write_bytes(parse(batch.read_bytes()).payload)
        done = subprocess.run(["node", script, identity, sealed], capture_output=True, text=True, check=False)
        sealed.unlink()
        return int(done.stdout) if done.returncode == 0 and done.stdout.isdigit() else 0


def _body(entry: dict[str, Any]) -> bytes:
    from schemas.base import unbase64url  # noqa: PLC0415

    return unbase64url(entry["payload"])


def _iso(wall_ns: int) -> str:
    return datetime.fromtimestamp(wall_ns / 1e9, UTC).strftime("%H:%M:%S.%f")[:-3]


def _plain(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]
