"""The data card of an export: for people, and as the front matter that ``datasets`` reads files and splits from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from research.identity import SPLITS
from research.trust import Trust

if TYPE_CHECKING:
    from research.shard import ShardReport

CONFIGS: Final = ("steps", "events", "text", "frames", "episodes")
_BODY: Final = """
# {title}

{purpose}

- Study `{study}`, {people} participants, {events} events. Written by `overt-research export`.
- Everybody in here agreed to this study, app by app and kind by kind; each event was checked against that.
  What did not check out was left out: `account.json`.
- Text and pictures were redacted on the participants' own machines. `⟨EMAIL#1⟩` stands for an address.
- One folder a participant; no file mixes two people. Splits follow from the participant alone.
- `sample_uid` follows from content. Keep it with whatever you train: `overt-research lineage` asks for it.

## Before you use it

Participants may withdraw at any time. Run `overt-research pull` and `overt-research sweep` first; both must be newer
than the withdrawal feed's lease. Use for any other purpose, and any attempt to find out who a participant is, is not
covered by what they agreed to. No figure here may be used to rate anybody's work.

## Limits

Redaction misses things. People who take part differ from those who do not. Mouse and key timing identify people
where the timing is exact. A step's three frames may be missing; silence has a reason only where a gap event gives one.
"""


def card(trust: Trust, parts: Sequence["ShardReport"], events: int) -> str:
    """The text of README.md."""
    manifest = max(trust.manifests.values(), key=lambda m: m.version)
    people = sum(bool(part.batches) for part in parts)
    body = _BODY.format(
        title=manifest.title, purpose=manifest.purpose, study=manifest.study, people=people, events=events
    )
    return f"---\n{_front(parts)}---\n{body}"


def _front(parts: Sequence["ShardReport"]) -> str:
    lines = ["configs:"]
    for config in CONFIGS:
        held = [p for p in parts if p.counts.get(config)]
        if not held:
            continue
        lines += [f"- config_name: {config}", *(["  default: true"] if len(lines) == 1 else []), "  data_files:"]
        for split in SPLITS:
            paths = [f"{p.participant}/{config}.parquet" for p in held if p.split == split]
            if paths:
                lines += [f"  - split: {split}", "    path:", *(f'    - "{path}"' for path in paths)]
    return "\n".join(lines if len(lines) > 1 else ["configs: []"]) + "\n"
