"""``croissant.json``: an export as machines read about it. Croissant 1.1 with RAI terms, and ODRL for what is allowed.

http://mlcommons.org/croissant/1.1, http://mlcommons.org/croissant/RAI/1.0, https://www.w3.org/TR/odrl-model/.

Every table is a record set over the files of all participants, each named with its SHA-256. The terms of use are those
that participants agreed to (:mod:`schemas.consent`): one purpose, one prohibition, deletion once consent ends. Like
everything in an export it follows from the input alone: ``datePublished`` is that of the study's manifest.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, get_type_hints

import pyarrow as pa
from msgspec import Meta

from research import table
from research.steps import STEPS
from research.trust import Trust
from schemas.events import EVENT_TYPES
from schemas.study import StudyManifest

if TYPE_CHECKING:
    from research.shard import ShardReport

TABLES: Final[dict[str, Mapping[str, Any]]] = {
    "steps": STEPS,
    "events": table.EVENTS,
    "text": table.TEXT,
    "frames": table.FRAMES,
    "episodes": table.EPISODES,
}
PARQUET: Final = "application/x-parquet"
_CR: Final = (
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject"),
    *("fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5"),
    *("parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator"),
    *("source", "subField", "transform"),
)
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _CR},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "dpv": "https://w3id.org/dpv#",
    "ai": "https://w3id.org/dpv/ai#",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
_TYPES: Final = {
    pa.int64(): "sc:Integer",
    pa.float64(): "sc:Float",
    pa.bool_(): "sc:Boolean",
    pa.string(): "sc:Text",
    pa.binary(): "sc:ImageObject",
}
_RAI: Final = {
    "dataCollection": "Keyboard, pointer and pictures of single windows, recorded on the participants' own machines by "
    "the Overt agent, only in apps that each of them had agreed to and while a visible sign said so.",
    "dataCollectionType": ["Direct measurement", "Software collection"],
    "dataCollectionMissingData": "What was seen and not kept is counted by reason in account.json and episodes. Keys "
    "that typed a redacted value are missing. Silence has a reason only where a gap event gives one.",
    "dataPreprocessingProtocol": "Each event's time, app and kind was verified offline against its person's consent; "
    "what did not check out was left out and is counted in account.json.",
    "dataBiases": "People who agree to be recorded differ from those who do not, and know that they are recorded.",
    "dataLimitations": "Redaction misses things. Times are as coarse as each person agreed to. A step's three pictures "
    "may be missing.",
    "dataUseCases": "Training computer-use agents, as the study's purpose says. Not for rating people or their work.",
    "dataSocialImpact": "Typing and pointer rhythm can identify people where times are exact. No figure in here may be "
    "used to judge anybody's work.",
    "personalSensitiveInformation": "Pseudonymous behaviour of single people, sorted by person. Values that were found "
    "to be secret or personal are placeholders in text and filled in pictures; some will have been missed.",
    "dataReleaseMaintenancePlan": "Participants may withdraw at any time. Pull and sweep before each use, and at least "
    "as often as the lease of the withdrawal feed says; swept exports are made anew without what was withdrawn.",
}


def document(trust: Trust, parts: Sequence["ShardReport"], digests: Mapping[str, str]) -> bytes:
    """The file.

    Args:
        trust: for the study's manifest.
        parts: the participants' parts.
        digests: SHA-256 by path of every table's file.
    """
    manifest = max(trust.manifests.values(), key=lambda m: m.version)
    tables = [name for name in TABLES if any(path.endswith(f"/{name}.parquet") for path in digests)]
    size = {f"{part.participant}/{name}": size for part in parts for name, size in part.sizes.items()}
    told = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        **_about(manifest),
        "distribution": [*_objects(digests, size), *(_set(name) for name in tables)],
        "recordSet": [_records(name) for name in tables],
        **{f"rai:{name}": value for name, value in _RAI.items()},
        "usageInfo": _terms(manifest),
    }
    return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"


def _about(manifest: StudyManifest) -> dict[str, Any]:
    controller = manifest.controller
    who = {"@type": "sc:Organization", "name": controller.party_name, "email": controller.party_contact}
    words = f"{manifest.title}. {manifest.purpose} Participants agreed app by app; see README.md before any use."
    return {
        "name": manifest.study,
        "description": words,
        "url": manifest.collector,
        "license": f"{manifest.collector}/v1/study",
        "creator": who,
        "publisher": who,
        "datePublished": manifest.created.date().isoformat(),
        "version": f"{manifest.version}.0.0",
        "citeAs": f"{controller.party_name}: {manifest.title}. Study {manifest.study}, version {manifest.version}.",
        "isLiveDataset": True,
    }


def _objects(digests: Mapping[str, str], sizes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for path, digest in digests.items():
        kind = PARQUET if path.endswith(".parquet") else "application/x-tar"
        told = {"@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path, "encodingFormat": kind}
        yield {**told, "contentSize": f"{sizes[path]} B", "sha256": digest}


def _set(name: str) -> dict[str, Any]:
    """All files of a table, below this document: readers find them by the pattern, and their digests above."""
    told = {"@type": "cr:FileSet", "@id": f"{name}-files", "name": f"{name}-files"}
    return {**told, "encodingFormat": PARQUET, "includes": f"*/{name}.parquet"}


def _records(name: str) -> dict[str, Any]:
    fields = [field for column, kind in TABLES[name].items() if (field := _field(name, column, kind))]
    told: dict[str, Any] = {"@type": "cr:RecordSet", "@id": name, "name": name}
    if nested := [column for column in TABLES[name] if f"{name}/{column}" not in {f["@id"] for f in fields}]:
        told["description"] = f"Columns of structures, which only the files' own schema describes: {', '.join(nested)}."
    return told | {"field": fields}


def _field(name: str, column: str, kind: Any) -> dict[str, Any] | None:
    """A column; None for one of structures, for which Croissant has no type."""
    told: dict[str, Any] = {"@type": "cr:Field", "@id": f"{name}/{column}", "name": f"{name}/{column}"}
    if column in _MEANINGS:
        told["description"] = _MEANINGS[column]
    if pa.types.is_list(kind):
        told |= {"isArray": True, "arrayShape": "-1"}
        kind = kind.value_type
    if kind not in _TYPES:
        return None
    source = {"fileSet": {"@id": f"{name}-files"}, "extract": {"column": column}}
    return told | {"dataType": _TYPES[kind], "source": source}


def _meanings() -> dict[str, str]:
    """What each field of an event means, after its schema; the first event type that has it speaks."""
    found: dict[str, str] = {
        "participant": "pseudonym of the person",
        "batch": "SHA-256 of the sealed batch that it came in",
        "episode": "stretch of work",
        "sample_uid": "follows from content; the same in every export",
    }
    for kind in EVENT_TYPES:
        for name, hint in get_type_hints(kind, include_extras=True).items():
            for note in getattr(hint, "__metadata__", ()):
                if isinstance(note, Meta) and note.description:
                    found.setdefault(name, note.description)
    return found


_MEANINGS: Final = _meanings()


def _terms(manifest: StudyManifest) -> dict[str, Any]:
    """An ODRL offer: train on it for the purpose agreed to; watch nobody, hand nothing on, delete what is withdrawn."""
    purpose = {
        "@type": "odrl:Constraint",
        "odrl:leftOperand": {"@id": "odrl:purpose"},
        "odrl:operator": {"@id": "odrl:eq"},
        "odrl:rightOperand": {"@id": "ai:ModelTraining"},
    }
    watching = purpose | {"odrl:rightOperand": {"@id": "dpv:PersonnelBehaviourMonitoring"}}
    withdrawn = {
        "@type": "odrl:Constraint",
        "odrl:leftOperand": {"@id": "odrl:event"},
        "odrl:operator": {"@id": "odrl:gteq"},
        "odrl:rightOperand": {"@id": "dpv:ConsentWithdrawn"},
    }
    delete = {"@type": "odrl:Duty", "odrl:action": {"@id": "odrl:delete"}, "odrl:constraint": [withdrawn]}
    return {
        "@type": ["CreativeWork", "odrl:Offer"],
        "name": "What participants agreed to",
        "text": manifest.purpose,
        "odrl:assigner": manifest.controller.party_id,
        "odrl:permission": [
            {
                "@type": "odrl:Permission",
                "odrl:action": {"@id": "odrl:use"},
                "odrl:constraint": [purpose],
                "odrl:duty": [delete],
            }
        ],
        "odrl:prohibition": [
            {"@type": "odrl:Prohibition", "odrl:action": {"@id": "odrl:use"}, "odrl:constraint": [watching]},
            {"@type": "odrl:Prohibition", "odrl:action": {"@id": "odrl:distribute"}},
        ],
    }
