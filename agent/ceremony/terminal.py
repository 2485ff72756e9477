"""The ceremony in a terminal: page by page, a question for each app and modality, and a typed phrase at the end."""

import time
from collections.abc import Callable, Iterator, Sequence

from agent.ceremony.console import Console
from agent.ceremony.outcome import No, NotNow, Outcome, Yes
from agent.ceremony.plain import bold, clean, render, wrap
from agent.ceremony.sheet import NO_CHANGE, askable, askable_apps, askable_timing, describe, sections
from agent.ceremony.words import Words
from agent.core.ceremony import Answers, Asked
from agent.core.difference import Difference
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.scope import TimingTier

RESERVED_ROWS = 2
"""Rows of a page that are left for the question below it."""
MIN_PAGE_ROWS = 5
"""Rows of a page on a terminal that says it has fewer."""

Chosen = dict[str, frozenset[Modality]]


class _NotNow(Exception):  # noqa: N818  # it carries a decision
    """The person wants to decide later."""


def hold(
    console: Console,
    asked: Asked,
    language: str,
    changed: Difference = NO_CHANGE,
    clock: Callable[[], int] = time.time_ns,
) -> Outcome:
    """Ask the person at a terminal.

    Args:
        console: where they are.
        asked: what they are asked about.
        language: language of the notice.
        changed: what changed since they agreed, to be told first.
        clock: gives the Unix time in nanoseconds.

    Returns:
        What they answered. Ctrl+C, an end of input or a closed terminal is "not now"; of everything else, only the
        typed phrase is a yes.
    """
    talk = _Talk(console, asked, language)
    try:
        talk.read(changed)
        talk.read_ns = clock()
        chosen = talk.choose()
        timing = talk.timing() if chosen else TimingTier.ORDER
        return talk.confirm(chosen, timing)
    except (_NotNow, EOFError, KeyboardInterrupt):
        return NotNow(language, talk.read_ns)


class _Talk:
    def __init__(self, console: Console, asked: Asked, language: str) -> None:
        self._console = console
        self._asked = asked
        self._language = language
        self._words = Words(language)
        self.read_ns: int | None = None

    def read(self, changed: Difference) -> None:
        """Show everything, a page at a time."""
        who, study = self._asked.manifest.controller.party_name, self._asked.manifest.title
        width = self._console.columns
        lines = ["", *map(bold, wrap(self._words("question", study=study), width))]
        lines += ["", *wrap(self._words("asked_by", organisation=who), width), ""]
        for section in sections(self._asked, self._language, changed):
            lines += [*render(section, width), ""]
        for page in _pages(_single_spaced(lines), max(self._console.rows - RESERVED_ROWS, MIN_PAGE_ROWS)):
            self._say(*page)
            if self._console.ask(self._words("tty.more")).lower() in {"q", "quit"}:
                raise _NotNow

    def choose(self) -> Chosen:
        """Ask about each modality in each app. Nothing typed is a no."""
        self._say(
            "",
            *self._wrapped(self._words("reader.noted")),
            "",
            bold(self._words("choose.title")),
            "",
            *self._wrapped(self._words("tty.help")),
        )
        chosen = {rule.id: self._choose_in(rule) for rule in askable_apps(self._asked)}
        return {app: modalities for app, modalities in chosen.items() if modalities}

    def timing(self) -> TimingTier:
        """Ask how exactly times are kept. Nothing typed is the least."""
        tiers = askable_timing(self._asked)
        self._say("", bold(self._words("timing.title")), *self._wrapped(self._words("timing.help")))
        self._say(*(f"  {number}  {self._words(f'timing.{tier}')}" for number, tier in enumerate(tiers, 1)))
        while True:
            answer = self._console.ask(self._words("tty.number", default=1)) or "1"
            if answer.isdecimal() and 1 <= int(answer) <= len(tiers):
                return tiers[int(answer) - 1]
            self._say(self._words("tty.answer_number"))

    def confirm(self, chosen: Chosen, timing: TimingTier) -> Outcome:
        """Show what was chosen, and take the phrase for a yes and everything else for a no."""
        if not chosen:
            self._say("", self._words("tty.nothing"))
            return No(self._language, self.read_ns)
        self._say("", bold(self._words("tty.summary")), "", *self._summary(chosen, timing), "")
        phrase = self._words("tty.phrase")
        self._say(*self._wrapped(self._words("tty.confirm", phrase=phrase)), "")
        if self._console.ask(self._words("tty.prompt")) != phrase:
            return No(self._language, self.read_ns)
        return Yes(Answers(apps=chosen, timing=timing, language=self._language), self.read_ns)

    def _choose_in(self, rule: AppRule) -> frozenset[Modality]:
        app = self._words("tty.app", app=clean(rule.name))
        programs = self._words("tty.programs", programs=", ".join(rule.known_by))
        sites = self._wrapped(self._words("web.sites", sites=", ".join(rule.origins)), "  ") if rule.origins else []
        self._say("", bold(app), *self._wrapped(programs, "  "), *sites)
        return frozenset(m for m in Modality if self._agreed(rule, m))

    def _agreed(self, rule: AppRule, modality: Modality) -> bool:
        if modality not in askable(self._asked, rule):
            self._say(f"  {self._words(modality)}: {self._words('choose.not_asked')}")
            return False
        what = f"{self._words(modality)}: {describe(self._words, modality, rule.screen)}"
        self._say(*self._wrapped(what, "  "))
        while True:
            answer = self._console.ask("  " + self._words("tty.capture")).lower()
            if answer in {"", *self._words("tty.no_words").split()}:
                return False
            if answer in self._words("tty.yes_words").split():
                return True
            self._say("  " + self._words("tty.answer_y_n"))

    def _summary(self, chosen: Chosen, timing: TimingTier) -> list[str]:
        names = {rule.id: _named(rule) for rule in askable_apps(self._asked)}
        kinds = {app: ", ".join(self._words(m) for m in Modality if m in chosen[app]) for app in chosen}
        lines = [f"  {clean(names[app])}: {kinds[app]}" for app in chosen]
        return [*lines, f"  {self._words(f'timing.{timing}')}.", f"  {self._words('tty.no_other')}"]

    def _wrapped(self, text: str, indent: str = "") -> list[str]:
        return wrap(text, self._console.columns, indent)

    def _say(self, *lines: str) -> None:
        self._console.write("".join(f"{line}\n" for line in lines))


def _named(rule: AppRule) -> str:
    """An app's name; a web app's with its origins."""
    return f"{rule.name} ({', '.join(rule.origins)})" if rule.origins else rule.name


def _pages(lines: Sequence[str], rows: int) -> Iterator[Sequence[str]]:
    """Pages that break between paragraphs where they can."""
    at = 0
    while at < len(lines):
        end = min(at + rows, len(lines))
        if end < len(lines):
            breaks = [n for n in range(at + rows // 2, end) if not lines[n]]
            end = breaks[-1] + 1 if breaks else end
        yield lines[at:end]
        at = end


def _single_spaced(lines: Sequence[str]) -> list[str]:
    """Lines without two empty ones in a row."""
    return [line for number, line in enumerate(lines) if line or not number or lines[number - 1]]
