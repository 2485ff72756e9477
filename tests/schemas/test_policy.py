"""Scope and policy: sorted, distinct, absolute; and no key that hides, silences or forces anything."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.base import Document, SchemaError, canonical
from schemas.consent import ConsentRecord
from schemas.events import Modality
from schemas.limits import Limits
from schemas.policy import MAX_CONSENT_DAYS, AppRule, Policy
from schemas.policy_keys import Combine, Source, keys_of, refusal
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier
from schemas.signed import parse_body
from schemas.study import StudyManifest
from tests.schemas.material import CANARY, device, refused, world

HIDING = ("stealth", "hidden", "silent", "force_consent", "hide_indicator", "no_notice", "auto_capture")
SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?", fullmatch=True)
MODALITIES = st.sets(st.sampled_from(Modality)).map(sorted).map(tuple)


def plain(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(canonical(document))
    return found


def read(model: type[Document], table: dict[str, Any]) -> Document:
    return parse_body(model, json.dumps(table).encode())


def rule(**changes: Any) -> dict[str, Any]:
    first: dict[str, Any] = plain(world().policy)["apps"][0]
    return first | changes


@pytest.mark.parametrize("word", HIDING)
@pytest.mark.parametrize("value", [True, False, None, "yes"])
def test_anti_stalkerware_no_document_has_a_key_that_hides_silences_or_forces(word: str, value: Any) -> None:
    policy, manifest, record = world().policy, world().manifest, device().records[0]
    for document in (policy, manifest, record):
        refused(SchemaError, read, type(document), plain(document) | {word: value})
        with pytest.raises(ValidationError):
            type(document).model_validate(plain(document) | {word: value})
    refused(SchemaError, read, Policy, plain(policy) | {"apps": [rule(**{word: value})]})
    for model in (Policy, AppRule, StudyManifest, ConsentRecord, Scope, AppScope):
        assert word not in model.model_fields


def test_anti_stalkerware_no_key_name_speaks_of_hiding() -> None:
    names = {*Policy.model_fields, *AppRule.model_fields, *StudyManifest.model_fields, *ConsentRecord.model_fields}
    banned = ("stealth", "hid", "silent", "force", "covert", "invisible", "secret", "idle", "productiv")
    assert not [name for name in names for word in banned if word in name]


@pytest.mark.parametrize("path", ["mail", "./mail", "../usr/bin/mail", "bin/mail", "", "~/mail", "C:mail", CANARY])
def test_a_relative_executable_is_refused(path: str) -> None:
    table = plain(world().policy) | {"apps": [rule(executables=["/usr/bin/mail", path])]}
    refused(SchemaError, read, Policy, table)


@pytest.mark.parametrize("path", ["/usr/bin/mail", "/Applications/Mail.app/Contents/MacOS/Mail", r"C:\Apps\mail.exe"])
def test_absolute_executables_are_taken(path: str) -> None:
    assert read(Policy, plain(world().policy) | {"apps": [rule(executables=[path])]})


def test_two_apps_with_one_id_are_refused() -> None:
    refused(SchemaError, read, Policy, plain(world().policy) | {"apps": [rule(), rule(name="Other")]})


@pytest.mark.parametrize(
    "changes",
    [
        {"consent_days": MAX_CONSENT_DAYS + 1},
        {"consent_days": 0},
        {"consent_days": "90"},
        {"version": 0},
        {"version": True},
        {"blocked": "false"},
        {"blocked": 0},
        {"review_s": -1},
        {"spool_bytes": 1},
        {"expires": "2026-01-01T00:00:00"},
        {"expires": "2026-01-01T00:00:00+01:00"},
        {"expires": 1_790_000_000},
        {"timing": CANARY},
        {"study": "Not A Slug"},
        {"study": "-mail"},
        {"study": "a" * 65},
        {"apps": {}},
        {CANARY: 1},
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused(changes: dict[str, Any]) -> None:
    assert read(Policy, plain(world().policy)) == world().policy
    refused(SchemaError, read, Policy, plain(world().policy) | changes)


def test_every_policy_key_says_how_it_combines_and_since_when() -> None:
    properties = Policy.model_json_schema()["properties"]
    assert all({"x-combine", "x-since"} <= table.keys() for table in properties.values())


@given(st.dictionaries(SLUGS, MODALITIES, max_size=5), st.sampled_from(TimingTier), st.sampled_from(ScreenMode))
def test_a_scope_answers_for_its_own_apps_only(
    apps: dict[str, tuple[Modality, ...]], timing: TimingTier, mode: ScreenMode
) -> None:
    entries = tuple(AppScope(app=a, modalities=apps[a], screen=mode) for a in sorted(apps))
    scope = Scope(apps=entries, timing=timing)
    for app, modalities in apps.items():
        assert scope.of(app) == set(modalities)
        assert scope.screen_of(app) == (mode if Modality.SCREEN in modalities else ScreenMode.NONE)
    assert scope.of("not.there.") == frozenset()
    assert scope.screen_of("not.there.") is ScreenMode.NONE
    assert read(Scope, plain(scope)) == scope
    assert parse_body(Scope, canonical(scope)).digest == scope.digest


@pytest.mark.parametrize(
    "table",
    [
        {"apps": [{"app": "b", "modalities": []}, {"app": "a", "modalities": []}], "timing": "exact"},
        {"apps": [{"app": "a", "modalities": []}, {"app": "a", "modalities": []}], "timing": "exact"},
        {"apps": [{"app": "a", "modalities": ["screen", "keyboard"]}], "timing": "exact"},
        {"apps": [{"app": "a", "modalities": ["screen", "screen"]}], "timing": "exact"},
        {"apps": [{"app": "a", "modalities": ["microphone"]}], "timing": "exact"},
        {"apps": [{"app": CANARY, "modalities": []}], "timing": "exact"},
        {"apps": [], "timing": "fine"},
        {"apps": [], "timing": "exact", CANARY: []},
    ],
)
def test_a_scope_has_one_spelling(table: dict[str, Any]) -> None:
    refused(SchemaError, read, Scope, table)


def test_each_key_s_metadata_is_typed() -> None:
    keys = keys_of(Policy)
    assert keys.keys() == Policy.model_fields.keys()
    types = {"version": int, "timing": TimingTier, "blocked": bool, "consent_days": int, "spool_bytes": int}
    assert {name: keys[name].type for name in types} == types
    days = keys["consent_days"]
    assert (days.default, days.least, days.most, days.unit) == (90, 1, MAX_CONSENT_DAYS, "d")
    assert keys["version"].scope == (Source.ORGANISATION, Source.STUDY)
    assert keys["blocked"].combine is Combine.OR
    assert all(key.description and key.since for key in keys.values())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("enable_capture", "starts capture"),
        ("capture_on", "starts capture"),
        ("prevent_off", "starts capture"),
        ("assume_consent", "starts capture"),
        ("hideIcon", "hides the sign"),
        ("show-badge", "hides the sign"),
        ("silent", "hides the sign"),
        ("notice_seconds", "shortens, skips or replaces the notice"),
        ("skip_ceremony", "shortens, skips or replaces the notice"),
        ("extend_consent", "lengthens consent"),
        ("consent_forever", "lengthens consent"),
        ("participants", "who takes part"),
        ("who_consented", "who takes part"),
        ("notify_manager", "who takes part"),
        ("idle_minutes", "how hard somebody works"),
    ],
)
def test_a_key_that_would_do_harm_is_refused_with_the_reason(name: str, why: str) -> None:
    for model, table in ((Policy, plain(world().policy)), (Limits, {}), (AppRule, rule())):
        with pytest.raises(SchemaError, match=why) as caught:
            parse_body(model, json.dumps(table | {name: True}).encode())
        assert name not in str(caught.value)


def test_no_key_that_exists_is_one_of_those() -> None:
    known = {*Policy.model_fields, *Limits.model_fields, *AppRule.model_fields}
    assert not [name for name in known if refusal(name)]
    assert refusal("reveiw_s") is None


@pytest.mark.parametrize(
    "table",
    [
        {"consent_days": 91},
        {"consent_days": 0},
        {"apps": ["b", "a"]},
        {"apps": ["a", "a"]},
        {"apps": "a"},
        {"modalities": ["microphone"]},
        {"blocked": "yes"},
        {"spool_bytes": 1},
        {"timing": "1ms"},
        {"screen": "all"},
        {"version": 1},
        {"executables": []},
    ],
    ids=str,
)
def test_limits_that_are_none_are_refused(table: dict[str, Any]) -> None:
    refused(SchemaError, read, Limits, table)
