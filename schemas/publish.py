"""The published JSON Schemas (draft 2020-12): written from the models, and checked for drift.

    python -m schemas.publish            writes schemas/json/v1/NAME.schema.json
    python -m schemas.publish --check    exits 1 and names each file that is missing, differs or is not ours

A schema describes what a writer may write: unknown fields are refused. What JSON Schema cannot say (sorted, distinct,
one canonical spelling, signatures) the models' own validators check.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from schemas.access import AccessReply, PageTicket, PullPage
from schemas.base import SCHEMA_BASE, Document, Sensitivity
from schemas.consent import ConsentRecord
from schemas.envelope import EnvelopeHeader
from schemas.erasure import ErasureRequest
from schemas.events import Event, LossAccount, Mask, Span
from schemas.feed import FeedPage
from schemas.limits import Limits
from schemas.log import OpeningPage
from schemas.policy import Policy
from schemas.receipt import Receipt
from schemas.signed import SignedDocument
from schemas.status import Status
from schemas.study import DeviceRegistration, EnrolmentCodes, StudyManifest
from schemas.sweep import SweepReceipt
from schemas.wire import BatchPage, EnrolRequest, LedgerReply, Refusal, StudyReply

FOLDER = Path(__file__).parent / "json" / "v1"
SUFFIX = ".schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: dict[str, type[Document]] = {
    "access-reply": AccessReply,
    "batch-page": BatchPage,
    "consent-record": ConsentRecord,
    "device-registration": DeviceRegistration,
    "enrol-request": EnrolRequest,
    "enrolment-codes": EnrolmentCodes,
    "envelope-header": EnvelopeHeader,
    "erasure-request": ErasureRequest,
    "feed-page": FeedPage,
    "ledger-reply": LedgerReply,
    "limits": Limits,
    "opening-page": OpeningPage,
    "page-ticket": PageTicket,
    "policy": Policy,
    "pull-page": PullPage,
    "receipt": Receipt,
    "refusal": Refusal,
    "signed-document": SignedDocument,
    "study-manifest": StudyManifest,
    "study-reply": StudyReply,
    "sweep-receipt": SweepReceipt,
}
"""What travels as JSON, by name."""
STRUCTS: dict[str, Any] = {
    "event": Event,
    "loss-account": LossAccount,
    "mask": Mask,
    "span": Span,
    "status": Status,
}
"""What travels inside the age file, by name, and the daemon's own word on this machine. Event is the union that
``kind`` tells apart."""

_KIND_NOTE = {
    "description": "which kind of event this is",
    "x-unit": "1",
    "x-sensitivity": Sensitivity.BEHAVIOUR.value,
}

Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """Every published schema, by name."""
    bare = {name: _of_document(model) for name, model in DOCUMENTS.items()}
    bare |= {name: _of_struct(name, kind) for name, kind in STRUCTS.items()}
    return {n: {"$schema": DIALECT, "$id": SCHEMA_BASE + n} | _tidy(bare[n]) for n in sorted(bare)}


def files() -> dict[str, bytes]:
    """File name and content of every published schema. Keys are sorted, and each file ends in a line feed."""
    return {
        name + SUFFIX: (json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
        for name, schema in schemas().items()
    }


def drift(folder: Path = FOLDER) -> list[str]:
    """Names of files in a folder that are missing, differ, or are none of ours. Empty: all is as the models say."""
    wanted = files()
    found = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path = FOLDER) -> None:
    """Make a folder hold the published schemas and no other schema."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*" + SUFFIX)) - {folder / name for name in files()}:
        stale.unlink()
    for name, content in files().items():
        (folder / name).write_bytes(content)


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write, or check and say what drifted.

    Returns:
        Exit code: 0 done or no drift, 1 drift, 2 usage.
    """
    match arguments:
        case []:
            write(folder)
            return 0
        case ["--check"]:
            drifted = drift(folder)
            for name in drifted:
                sys.stderr.write(f"schemas/json/v1/{name} is not what the models say: run python -m schemas.publish\n")
            return 1 if drifted else 0
        case _:
            sys.stderr.write("usage: python -m schemas.publish [--check]\n")
            return 2


def _of_document(model: type[Document]) -> Schema:
    return model.model_json_schema(by_alias=True, mode="validation")


def _of_struct(name: str, kind: Any) -> Schema:
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    for part in parts.values():
        if "kind" in part.get("properties", {}):
            part["properties"]["kind"] |= _KIND_NOTE
    top = parts.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else {"title": name.title(), **schema}
    return top | ({"$defs": parts} if parts else {})


def _tidy(node: Any) -> Any:
    """Docstrings without their indentation, which some versions of Python keep and some do not."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    texts = {k: inspect.cleandoc(v) for k, v in node.items() if k == "description" and isinstance(v, str)}
    return {k: _tidy(v) for k, v in node.items()} | texts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
