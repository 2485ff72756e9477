"""Sections as lines for a terminal: wrapped, and safe whatever the study's own texts contain."""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

from agent.ceremony.sheet import Section

MAX_WIDTH = 84
"""Columns: longer lines are hard to read."""
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
_MARKS = re.compile(r"(\*\*|__|`)")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]*)\)")
_OVERRIDES = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Unicode's explicit directions: with them a text can read as its opposite. Joiners, which languages need, stay."""


def clean(text: str) -> str:
    """A text without anything that steers a terminal or turns its reading direction: escapes, bells, overrides."""
    kept = (c for c in text.replace("\t", " ") if c not in _OVERRIDES)
    return "".join(c for c in kept if c == "\n" or unicodedata.category(c) not in {"Cc", "Co", "Cs"})


def unlinked(markdown: str) -> str:
    """Markdown whose links and pictures are their text, with the address beside it: nothing is fetched or followed."""
    return _LINK.sub(r"\1 (\2)", clean(markdown))


def bold(text: str) -> str:
    """A text in bold."""
    return f"{BOLD}{text}{PLAIN}"


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """A paragraph as lines; its own line breaks stay, a bullet's text hangs behind the bullet."""
    lines: list[str] = []
    for part in clean(text).split("\n"):
        hang = indent + ("  " if part.startswith("- ") else "")
        lines += textwrap.wrap(part, min(width, MAX_WIDTH), initial_indent=indent, subsequent_indent=hang) or [""]
    return lines


def render(section: Section, width: int) -> list[str]:
    """A section as lines."""
    body = _markdown(section.markdown, width) if section.markdown else _bullets(section.lines, width)
    return [bold(clean(section.title)), "", *body, ""]


def _bullets(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        first, *rest = line.split("\n")
        yield from wrap(f"- {first}", width)
        for more in rest:
            yield from wrap(more, width, "  ")


def _markdown(text: str, width: int) -> Iterator[str]:
    """Markdown's common half: headings, bullets and paragraphs. The rest is shown as it stands."""
    for block in re.split(r"\n\s*\n", unlinked(text).strip()):
        for part in _parts(block):
            heading = part.startswith("#")
            words = _MARKS.sub("", part.lstrip("# "))
            yield from (bold(line) if heading else line for line in wrap(words, width))
        yield ""


def _parts(block: str) -> Iterator[str]:
    """A block's headings, bullets and paragraphs, each in one line."""
    part = ""
    for line in block.split("\n"):
        starts = line.lstrip().startswith(("- ", "* ", "#"))
        if part and (starts or part.startswith("#")):
            yield part
            part = ""
        stripped = line.strip()
        part = f"{part} {stripped}" if part else stripped.replace("* ", "- ", 1) if starts else stripped
    if part:
        yield part
