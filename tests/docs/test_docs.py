"""The documents stay true: links, promises, commands, modules. What they claim in words is for people to check."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from admin.cli import app as admin_app
from agent.commands import app as agent_app
from collector.cli import app as collector_app
from research.cli import app as research_app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAMS = {
    "overt": agent_app,
    "overt-admin": admin_app,
    "overt-collector": collector_app,
    "overt-research": research_app,
}
MAX_IMAGE_BYTES = 200_000
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)", re.DOTALL)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?<![\w/.-])(overt(?:-admin|-collector|-research)?)((?: [^\s`#]+)*)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
MACHINE = re.compile(r"(?<![\w.])/(?:home|root|work|Users|tmp)/\w")
"""Paths of one machine. Paths that a document tells people to choose, such as /var/lib, are fine."""


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes of headings: small letters, no punctuation, hyphens for spaces."""
    heads = re.findall(r"^#+ +(.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_a_page_for_everybody() -> None:
    pages = {named(path) for path in DOCUMENTS}
    expected = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    names = ("architecture", "guarantees", "threat-model", "formats", "for-employees", "for-it", "for-researchers")
    assert pages >= expected | {f"docs/{name}.md" for name in names}


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(text_of(path)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(text_of(found)), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_no_document_names_a_machine(path: Path) -> None:
    assert not MACHINE.findall(text_of(path))


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of ours that a document shows: in code, from a program's name to the end of the line or code."""
    blocks = [line for block in FENCE.findall(text) for line in block.splitlines() if line.startswith("overt")]
    spans = re.findall(r"`(overt[^`\n]*)`", FENCE.sub("", text))
    for shown in [*blocks, *spans]:
        if match := COMMAND.match(shown):
            yield match[1], match[2].split()


def check(program: str, words: list[str]) -> None:
    """Walk down a program's commands as far as words name one; then every option must be one of that command's."""
    command: Any = typer.main.get_command(PROGRAMS[program])
    rest = list(words)
    while rest and hasattr(command, "commands"):
        assert rest[0] in command.commands or rest[0].startswith("-"), f"{program} {' '.join(words)}"
        if rest[0].startswith("-"):
            break
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    unknown = {word for word in rest if word.startswith("--")} - known
    assert not unknown, f"{program} {' '.join(words)}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_command_exists(path: Path) -> None:
    for program, words in commands(text_of(path)):
        check(program, words)


def test_commands_are_found_and_wrong_ones_noticed() -> None:
    shown = list(commands("Say `overt off`, or:\n\n```\novert-research pull --out data   # comment\n```\n"))
    assert shown == [("overt-research", ["pull", "--out", "data"]), ("overt", ["off"])]
    for wrong in (["withdraw"], ["off", "--hard"]):
        with pytest.raises(AssertionError):
            check("overt", wrong)


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for path in DOCUMENTS:
        for target in re.findall(r"`make ([a-z]+)|^make ([a-z]+)", text_of(path), re.MULTILINE):
            assert "".join(target) in targets, (named(path), target)


def sections() -> dict[str, str]:
    """The text of each promise in guarantees.md."""
    parts = re.split(r"^## (G\d+)\. ", text_of(ROOT / "docs/guarantees.md"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_all_thirteen_promises_are_there() -> None:
    assert list(sections()) == [f"G{n}" for n in range(1, 14)]
    table = re.findall(r"^\| \[(G\d+)\]", text_of(ROOT / "docs/guarantees.md"), re.MULTILINE)
    assert table == list(sections())


@pytest.mark.parametrize("promise", [f"G{n}" for n in range(1, 14)])
def test_every_promise_has_its_tests_or_says_not_yet(promise: str) -> None:
    text = sections()[promise]
    tests = TEST.findall(text)
    assert tests or "**Not yet.**" in text
    for name, function in tests:
        path = ROOT / name
        assert path.exists(), name
        assert re.search(rf"^(async )?def {function}\(", text_of(path), re.MULTILINE), f"{name}::{function}"
        assert f"[`{name}::{function}`](../{name})" in text


def test_the_changelog_tells_of_this_version() -> None:
    heads = re.findall(r"^## (.+)$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]
    assert heads[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", heads[1])


def test_architecture_names_every_folder_and_module_and_no_other() -> None:
    text = text_of(ROOT / "docs/architecture.md")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    folders = {name.partition("/")[0] for name in tracked if "/" in name and not name.startswith(".")}
    assert not {folder for folder in folders if f"`{folder}/`" not in text}
    agent = ROOT / "agent"
    modules = {str(p.relative_to(agent)) for p in agent.rglob("*.py") if p.name != "__init__.py"}
    listed = text.partition("## The modules of `agent/`")[2].partition("## The other programs")[0]
    assert set(re.findall(r"^\| `([\w/]+\.py)`", listed, re.MULTILINE)) == modules
    for program in ("collector", "research", "admin", "schemas"):
        rows = text.partition(f"### `{program}/`")[2].partition("### ")[0]
        found = {p.name for p in (ROOT / program).glob("*.py") if p.name != "__init__.py"}
        assert set(re.findall(r"^\| `(\w+\.py)`", rows, re.MULTILINE)) == found


def test_exit_codes_are_those_of_the_program() -> None:
    rows = dict(re.findall(r"^\| (\d) \| (.+) \|$", text_of(ROOT / "README.md"), re.MULTILINE))
    assert list(rows) == [str(code) for code in range(7)]


def test_pictures_are_small_and_used() -> None:
    linked = "".join(text_of(path) for path in DOCUMENTS)
    for path in (ROOT / "docs/images").iterdir():
        assert path.stat().st_size <= MAX_IMAGE_BYTES, path.name
        assert path.name in linked


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in (ROOT / "docs/adr").glob("*.md"):
        assert text_of(path).startswith(f"# {int(path.name[:4])}. "), path.name
        assert "**Decision.**" in text_of(path), path.name
