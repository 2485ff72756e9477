"""Windows: policy templates (ADMX, ADML), a registry file, Intune's detection script and commands.

What differs from other people's templates, each a fault that was reported to somebody: ids without dots, no name twice,
lists as ``<list>`` elements (Intune cuts texts near 1,023 characters), own category, own registry key.
"""

import codecs
import xml.etree.ElementTree as ET  # written here, never read
from typing import Any

from admin.mdm.facts import (
    ABOUT,
    KEYS,
    NOT_A_LIMIT,
    REGISTRY,
    TITLE,
    WINDOWS_HOME,
    Kind,
    Options,
    choices,
    help_text,
    kind_of,
    title,
    values,
)
from schemas.limits import LIMIT_KEYS, Limits
from schemas.policy_keys import PolicyKey

NAMESPACE = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions"
REVISION = "1.0"
CATEGORY = "cat_overt"
SUPPORTED = "supported_overt"


def render(limits: Limits, options: Options) -> dict[str, bytes]:
    """Every file for Windows, by path."""
    return {
        "windows/overt.admx": admx(),
        "windows/en-US/overt.adml": adml(),
        "windows/overt.reg": reg(limits),
        "windows/intune/detect.ps1": _crlf(_DETECT.format(version=options.version, home=WINDOWS_HOME)),
        "windows/intune/commands.txt": _crlf(_COMMANDS.format(version=options.version)),
    }


def admx() -> bytes:
    """The template: every key, as a policy of class Machine."""
    root = ET.Element("policyDefinitions", xmlns=NAMESPACE, revision=REVISION, schemaVersion="1.0")
    spaces = ET.SubElement(root, "policyNamespaces")
    ET.SubElement(spaces, "target", prefix="overt", namespace="Overt.Policies.Agent")
    ET.SubElement(root, "resources", minRequiredRevision=REVISION)
    definitions = ET.SubElement(ET.SubElement(root, "supportedOn"), "definitions")
    ET.SubElement(definitions, "definition", name=SUPPORTED, displayName=f"$(string.{SUPPORTED})")
    categories = ET.SubElement(root, "categories")
    ET.SubElement(categories, "category", name=CATEGORY, displayName=f"$(string.{CATEGORY})")
    policies = ET.SubElement(root, "policies")
    for key in KEYS:
        _policy(policies, key)
    return _xml(root)


def adml() -> bytes:
    """The template's texts and forms, in English."""
    root = ET.Element("policyDefinitionResources", xmlns=NAMESPACE, revision=REVISION, schemaVersion="1.0")
    ET.SubElement(root, "displayName").text = TITLE
    ET.SubElement(root, "description").text = ABOUT
    resources = ET.SubElement(root, "resources")
    strings = ET.SubElement(resources, "stringTable")
    for name, text in _strings().items():
        ET.SubElement(strings, "string", id=name).text = text
    forms = ET.SubElement(resources, "presentationTable")
    for key in KEYS:
        _presentation(forms, key)
    return _xml(root)


def reg(limits: Limits) -> bytes:
    """The same limits for ``reg import``: UTF-16 with a byte order mark, as regedit writes it."""
    said, path = values(limits), f"HKEY_LOCAL_MACHINE\\{REGISTRY}"
    single = {name: value for name, value in said.items() if not isinstance(value, list)}
    lines = ["Windows Registry Editor Version 5.00", "", f"[{path}]"]
    lines += [f'"{name}"={_value(value)}' for name, value in single.items()]
    for name, value in said.items():
        if isinstance(value, list):
            lines += ["", f"[-{path}\\{name}]", f"[{path}\\{name}]"]
            lines += [f'"{number}"={_value(item)}' for number, item in enumerate(value, 1)]
    return codecs.BOM_UTF16_LE + "\r\n".join([*lines, ""]).encode("utf-16-le")


def _policy(policies: ET.Element, key: PolicyKey) -> None:
    kind, name = kind_of(key), f"pol_{key.name}"
    texts = {"displayName": f"$(string.{name})", "explainText": f"$(string.{name}_help)"}
    attributes = {"name": name, "class": "Machine", **texts, "key": REGISTRY}
    if kind is Kind.BOOL:
        policy = ET.SubElement(policies, "policy", {**attributes, "valueName": key.name})
    else:
        policy = ET.SubElement(policies, "policy", {**attributes, "presentation": f"$(presentation.{name})"})
    ET.SubElement(policy, "parentCategory", ref=CATEGORY)
    ET.SubElement(policy, "supportedOn", ref=SUPPORTED)
    if kind is Kind.BOOL:
        for state, number in (("enabledValue", "1"), ("disabledValue", "0")):
            ET.SubElement(ET.SubElement(policy, state), "decimal", value=number)
        return
    _element(ET.SubElement(policy, "elements"), key, kind)


def _element(elements: ET.Element, key: PolicyKey, kind: Kind) -> None:
    ref = f"val_{key.name}"
    if kind is Kind.LIST:
        ET.SubElement(elements, "list", {"id": ref, "key": f"{REGISTRY}\\{key.name}", "valuePrefix": ""})
    elif kind is Kind.NUMBER:
        limits = {"minValue": str(key.least or 0), "maxValue": str(min(key.most or NOT_A_LIMIT, NOT_A_LIMIT))}
        ET.SubElement(elements, "decimal", {"id": ref, "valueName": key.name, "required": "true", **limits})
    elif kind is Kind.CHOICE:
        enum = ET.SubElement(elements, "enum", id=ref, valueName=key.name, required="true")
        for word in choices(key):
            item = ET.SubElement(enum, "item", displayName=f"$(string.{_word_id(key, word)})")
            ET.SubElement(ET.SubElement(item, "value"), "string").text = word
    else:
        ET.SubElement(elements, "text", id=ref, valueName=key.name, required="true", maxLength="40")


def _presentation(forms: ET.Element, key: PolicyKey) -> None:
    kind, ref = kind_of(key), f"val_{key.name}"
    if kind is Kind.BOOL:
        return
    form = ET.SubElement(forms, "presentation", id=f"pol_{key.name}")
    if kind is Kind.TEXT:
        ET.SubElement(ET.SubElement(form, "textBox", refId=ref), "label").text = f"{title(key)}:"
        return
    tag = {Kind.LIST: "listBox", Kind.NUMBER: "decimalTextBox", Kind.CHOICE: "dropdownList"}[kind]
    spin = {"defaultValue": str(max(key.least or 0, 1))} if kind is Kind.NUMBER else {}
    ET.SubElement(form, tag, {"refId": ref, **spin}).text = f"{title(key)}:"


def _strings() -> dict[str, str]:
    found = {CATEGORY: TITLE, SUPPORTED: f"{TITLE} 0.2 or later"}
    for key in KEYS:
        found |= {f"pol_{key.name}": title(key), f"pol_{key.name}_help": help_text(key)}
        if kind_of(key) is Kind.CHOICE:
            found |= {_word_id(key, word): word for word in choices(key)}
    return found


def _word_id(key: PolicyKey, word: str) -> str:
    return f"word_{key.name}_{word}"


def _value(value: Any) -> str:
    if isinstance(value, bool | int) and int(value) <= NOT_A_LIMIT:
        return f"dword:{int(value):08x}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


if any(not name.replace("_", "").isalnum() for name in LIMIT_KEYS):  # ids of templates know no other characters
    raise RuntimeError("a key's name is no id")

_DETECT = """# Intune detection: exit 0 and a line of output if this version or a later one is installed, else exit 1.
# It looks at the program alone. Whether anybody takes part is not to be told from here.
$ErrorActionPreference = 'Stop'
$wanted = [version]'{version}'
try {{
  $found = [version](Get-ItemProperty -Path 'HKLM:\\Software\\Overt\\Agent' -Name 'Version').Version
  if ($found -ge $wanted -and (Test-Path '{home}\\overt.exe')) {{ Write-Output "Overt $found"; exit 0 }}
}} catch {{ }}
exit 1
"""
_COMMANDS = """Install command:
  msiexec /i Overt-{version}.msi /qn /norestart
Uninstall command:
  msiexec /x Overt-{version}.msi /qn /norestart
Install behaviour: System. Detection: detect.ps1, run as 64-bit, signature check as your organisation requires.
Policy: import overt.admx with en-US\\overt.adml, or run: reg import overt.reg

Installing starts no capture. Each person decides in their own session, and may uninstall without asking anybody.
"""
