"""Policy templates: every name once, every text and form resolved, ids that Intune takes; and the registry file."""

import re
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from admin.mdm.facts import NOT_A_LIMIT, REGISTRY
from admin.mdm.windows import NAMESPACE
from schemas.limits import LIMIT_KEYS
from tests.admin.mdm.rendered import FILES, put

NS = f"{{{NAMESPACE}}}"
ADMX, ADML = FILES["windows/overt.admx"], FILES["windows/en-US/overt.adml"]
ID = re.compile(r"[A-Za-z0-9_]+")
REFERENCE = re.compile(r"\$\((string|presentation)\.([^)]*)\)")
FORMS = {"decimal": "decimalTextBox", "enum": "dropdownList", "list": "listBox", "text": "textBox"}


def lint(admx: bytes, adml: bytes) -> list[str]:
    """What an importer, or whoever reads its form, would stumble over; empty if nothing."""
    rules, texts = ET.fromstring(admx), ET.fromstring(adml)  # noqa: S314  # our own
    strings = [e.get("id", "") for e in texts.iter(f"{NS}string") if e.get("id")]
    forms = {e.get("id", ""): e for e in texts.iter(f"{NS}presentation")}
    wanted = {kind: set[str]() for kind in ("string", "presentation")}
    for element in rules.iter():
        for value in element.attrib.values():
            for kind, name in REFERENCE.findall(value):
                wanted[kind].add(name)
    ids = [e.get("id", "") for e in rules.iter() if e.get("id")]
    policies = list(rules.iter(f"{NS}policy"))
    names = [*(e.get("name", "") for e in policies), *strings, *ids]
    categories = {e.get("name") for e in rules.iter(f"{NS}category")}
    found = [f"twice: {name}" for group in (strings, ids, [p.get("name") for p in policies]) for name in _twice(group)]
    found += [f"twice: presentation {n}" for n in _twice([e.get("id") for e in texts.iter(f"{NS}presentation")])]
    found += [f"no id: {name}" for name in names if not ID.fullmatch(name)]
    found += [f"no string: {name}" for name in wanted["string"] - set(strings)]
    found += [f"no form: {name}" for name in wanted["presentation"] - set(forms)]
    found += [f"unused: {name}" for name in (set(strings) - wanted["string"]) | (set(forms) - wanted["presentation"])]
    for policy in policies:
        parent = policy.find(f"{NS}parentCategory")
        if parent is None or parent.get("ref") not in categories:
            found.append(f"no category: {policy.get('name')}")
        found += _form_faults(policy, forms)
    return found


def _form_faults(policy: ET.Element, forms: dict[str, ET.Element]) -> list[str]:
    elements = {e.get("id"): e.tag.removeprefix(NS) for e in policy.findall(f"{NS}elements/*")}
    match = REFERENCE.fullmatch(policy.get("presentation", ""))
    form = forms.get(match[2]) if match else None
    shown = {e.get("refId"): e.tag.removeprefix(NS) for e in form} if form is not None else {}
    return [] if shown == {ref: FORMS[kind] for ref, kind in elements.items()} else [f"form: {policy.get('name')}"]


def _twice(names: list[str] | list[str | None]) -> list[str | None]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_the_templates_are_sound() -> None:
    assert lint(ADMX, ADML) == []


@pytest.mark.parametrize(
    ("admx", "adml", "fault"),
    [
        ((b'name="pol_apps"', b'name="pol_blocked"'), None, "twice: pol_blocked"),
        (None, (b'id="cat_overt"', b'id="cat_other"'), "no string: cat_overt"),
        ((b'id="val_apps"', b'id="val.apps"'), None, "no id: val.apps"),
        (None, (b'<presentation id="pol_apps"', b'<presentation id="pol_spam"'), "no form: pol_apps"),
        ((b'ref="cat_overt"', b'ref="cat_none"'), None, "no category: pol_blocked"),
        (None, (b'listBox refId="val_apps"', b'listBox refId="val_other"'), "form: pol_apps"),
        (None, (b'id="pol_apps_help"', b'id="pol_blocked_help"'), "twice: pol_blocked_help"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_lint_finds_what_others_shipped(
    admx: tuple[bytes, bytes] | None, adml: tuple[bytes, bytes] | None, fault: str
) -> None:
    bad = [text.replace(*change, 1) if change else text for text, change in ((ADMX, admx), (ADML, adml))]
    assert fault in lint(*bad)


def test_every_key_is_a_policy_of_the_machine_below_our_own_key() -> None:
    policies = list(ET.fromstring(ADMX).iter(f"{NS}policy"))  # noqa: S314  # our own
    assert [p.get("name") for p in policies] == [f"pol_{name}" for name in LIMIT_KEYS]
    assert {(p.get("class"), p.get("key")) for p in policies} == {("Machine", REGISTRY)}
    assert b"Microsoft" not in ADMX.replace(NAMESPACE.encode(), b"")


def test_numbers_have_the_range_of_the_schema() -> None:
    found = {e.get("valueName"): e for e in ET.fromstring(ADMX).iter(f"{NS}decimal") if e.get("valueName")}  # noqa: S314
    assert (found["consent_days"].get("minValue"), found["consent_days"].get("maxValue")) == ("1", "90")
    assert found["spool_bytes"].get("maxValue") == str(NOT_A_LIMIT)  # 9999 if it were left out
    assert all(e.get("maxValue") for e in found.values())


def test_the_registry_file_says_the_same() -> None:
    text = FILES["windows/overt.reg"].decode("utf-16")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n")
    assert '"blocked"=dword:00000001' in text
    assert '"consent_days"=dword:0000001e' in text
    assert '"spool_bytes"="9007199254740991"' in text
    assert f'[HKEY_LOCAL_MACHINE\\{REGISTRY}\\apps]\r\n"1"="mail"\r\n"2"="wiki"' in text


def test_detection_ends_in_0_or_1_and_looks_at_nobody() -> None:
    script = FILES["windows/intune/detect.ps1"].decode()
    assert re.findall(r"exit \d", script) == ["exit 0", "exit 1", "exit 0", "exit 1"]
    assert "[version]'0.2.0'" in script
    assert not re.search(r"consent|enrol|user|state", script.replace("whether anybody", ""), re.IGNORECASE)


def test_xml_is_well_formed_for_another_reader(tmp_path: Path) -> None:
    folder = put(tmp_path)
    files = [folder / p for p in FILES if p.endswith((".admx", ".adml", ".plist", ".mobileconfig"))]
    assert len(files) == 6
    subprocess.run(["xmllint", "--noout", "--nonet", *files], check=True, timeout=60)
