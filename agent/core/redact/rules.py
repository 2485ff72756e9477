"""Rules as data: TOML text in, one compiled set out, run behind a keyword filter.

A rule file holds ``version = 1``, an optional ``[fragments]`` table (used in patterns as ``<<name>>``), ``[[rule]]``
tables and a ``vendor`` array of tokens' forms. Keywords are looked for in one pass (Aho-Corasick), then only the rules
whose keyword is there run, on RE2, whose time is linear in the text whatever the pattern.
"""

import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping

import ahocorasick
import msgspec
import re2

from agent.core.redact.context import entropy
from agent.core.redact.effort import STEPS_A_CANDIDATE, Effort
from agent.core.redact.errors import RedactionFailed, RuleError
from agent.core.redact.fold import Folded, plain
from agent.core.redact.spans import Span
from agent.core.redact.validators import VALIDATORS, Validator

MAX_REGEX_MEMORY = 16 << 20
"""Bytes RE2 may use for one rule: enough for the widest counted repeat here, and a bound for a bad rule."""
SPARED = 6
"""Letters of a token's beginning that say nothing yet."""
MAX_FRAGMENT_DEPTH = 4
"""How deep fragments may use fragments; deeper is a loop."""


class RuleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"cls": "class"}):
    """One rule as written in TOML.

    Attributes:
        id: unique name, e.g. ``github-token``.
        cls: class of what it finds (``class`` in TOML).
        pattern: RE2 pattern over the plain reading of the text.
        matches: example texts, with ``«…»`` around what must be covered.
        spares: example texts in which this rule finds nothing.
        keywords: the rule runs only if one of these is in the text, in any case; none means always.
        group: the capture group that holds the secret.
        validator: name of a check that may narrow or refuse a find.
        entropy: least bits a character of the find, 0 for no test.
        digits: the rule runs only if the text has as many digits.
    """

    id: str
    cls: str
    pattern: str
    matches: list[str]
    spares: list[str]
    keywords: list[str] = []
    group: int = 0
    validator: str = ""
    entropy: float = 0.0
    digits: int = 0


class VendorText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token's form as its issuer documents it: one line of a ``vendor`` array, which stands for a whole rule.

    Attributes:
        id: the issuer, e.g. ``github``; its rule is ``token-github``.
        keywords: as in :class:`RuleText`.
        form: RE2 pattern of the token alone.
        example: a template of one.
        spare: what is none; by default the first letters of the example.
        entropy: as in :class:`RuleText`.
    """

    id: str
    keywords: list[str]
    form: str
    example: str
    spare: str = ""
    entropy: float = 0.0

    def rule(self) -> RuleText:
        """The rule that the line stands for."""
        return RuleText(
            id=f"token-{self.id}",
            cls="TOKEN",
            pattern=f"(?:^|[^A-Za-z0-9_])({self.form})",
            matches=[f"«{self.example}»", f'key: "«{self.example}»",'],
            spares=[self.spare or self.example.partition("{")[0][:SPARED]],
            keywords=self.keywords,
            group=1,
            entropy=self.entropy,
        )


class Rule(msgspec.Struct, frozen=True):
    """One compiled rule; the attributes are as in :class:`RuleText`."""

    text: RuleText
    version: int
    regex: re2._Regexp
    validator: Validator | None


class RuleSet:
    """Every rule of the given files, compiled.

    Args:
        sources: file name to TOML text, e.g. from ``policies.redaction_rules()``.

    Raises:
        RuleError: a rule cannot be used; names the file, the rule and the field.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.rules: list[Rule] = [rule for name, text in sources.items() for rule in _read(name, text)]
        _refuse_twins(self.rules)
        self._always = [i for i, rule in enumerate(self.rules) if not rule.text.keywords]
        self._filter = _automaton(self.rules)

    def find(self, reading: Folded, effort: Effort | None = None) -> Iterator[Span]:
        """Spans of the original text found in one of its readings, unordered, possibly overlapping.

        Args:
            reading: what is looked at.
            effort: what the whole text may cost; by default, what this reading may.

        Raises:
            RedactionFailed: a detector raised, or cost too much. The original error is not attached: it may hold
                content.
        """
        effort = effort or Effort(len(reading.text))
        chosen = set(self._always)
        for _, rules in self._filter.iter(reading.lower):
            chosen.update(rules)
        digits = sum(map(reading.text.count, "0123456789"))
        subject = _Subject(reading.text)
        for index in sorted(chosen):
            rule = self.rules[index]
            if rule.text.digits <= digits:
                for start, end in _run(rule, subject, effort):
                    yield Span(*reading.original(start, end), rule.text.cls, rule.text.id, rule.version)


class _Subject:
    """A text with its UTF-8 bytes, which RE2 reads without converting the whole text for each rule."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self._at: list[int] | None = None

    def char(self, byte: int) -> int:
        if len(self.data) == len(self.text):
            return byte
        return self._map()[byte]

    def byte(self, char: int) -> int:
        return char if len(self.data) == len(self.text) else bisect_left(self._map(), char)

    def _map(self) -> list[int]:
        if self._at is None:
            self._at = []
            for index, char in enumerate(self.text):
                self._at.extend([index] * len(char.encode()))
            self._at.append(len(self.text))
        return self._at


def _run(rule: Rule, subject: _Subject, effort: Effort) -> list[tuple[int, int]]:
    kind = ""
    try:
        found = list(_finds(rule, subject, effort))
        effort.check(rule.text.id)
    except RedactionFailed:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a detector raises drops the segment; re-raised below
        kind = type(error).__name__
    else:
        return found
    raise RedactionFailed(rule.text.id, kind)  # outside the except block: no context that quotes the content


def _finds(rule: Rule, subject: _Subject, effort: Effort) -> Iterator[tuple[int, int]]:
    at = 0
    while at <= len(subject.data) and (match := rule.regex.search(subject.data, at)) is not None:
        first, last = match.span(rule.text.group)
        effort.spend(STEPS_A_CANDIDATE + match.end() - at, rule.text.id)
        at = max(match.start() + 1, first)  # a refused value may itself hold what announces the next one
        if first < 0 or first == last:
            continue
        start, end = subject.char(first), subject.char(last)
        if rule.text.entropy and entropy(subject.text[start:end]) < rule.text.entropy:
            continue
        kept = (start, end) if rule.validator is None else rule.validator(subject.text, start, end)
        if kept is not None and kept[0] < kept[1]:
            # From the end of the value, not of the match: what bounds this value may also bound the next.
            at = max(at, subject.byte(kept[1]))
            yield kept


def _read(name: str, text: str) -> list[Rule]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(name, "-", "-", f"not TOML: {error}") from None
    version = table.get("version")
    if not isinstance(version, int):
        raise RuleError(name, "-", "version", "must be a whole number")
    fragments = table.get("fragments", {})
    raws = [(RuleText, raw) for raw in table.get("rule", [])] + [(VendorText, raw) for raw in table.get("vendor", [])]
    return [_compile(name, version, fragments, f"#{i}", *raw) for i, raw in enumerate(raws, 1)]


def _compile(
    name: str,
    version: int,
    fragments: dict[str, str],
    label: str,
    form: type[RuleText | VendorText],
    raw: dict[str, object],
) -> Rule:
    label = str(raw.get("id", label))
    try:
        written = msgspec.convert(raw, form)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise RuleError(
            name, label, path.strip("`") or message.rpartition("`")[0].rpartition("`")[2], message
        ) from None
    rule = written.rule() if isinstance(written, VendorText) else written
    if not rule.matches:
        raise RuleError(name, label, "matches", "a rule needs at least one example")
    if rule.validator and rule.validator not in VALIDATORS:
        raise RuleError(name, label, "validator", f"{rule.validator!r} is unknown")
    try:
        regex = re2.compile(plain(_expand(rule.pattern, fragments)), _options())
    except (re2.error, RecursionError, KeyError) as error:
        raise RuleError(name, label, "pattern", str(error)) from None
    if not 0 <= rule.group <= regex.groups:
        raise RuleError(name, label, "group", f"the pattern has {regex.groups} groups")
    return Rule(rule, version, regex, VALIDATORS.get(rule.validator))


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_REGEX_MEMORY
    return options


def _expand(pattern: str, fragments: dict[str, str], depth: int = 0) -> str:
    head, mark, rest = pattern.partition("<<")
    if not mark:
        return pattern
    if depth > MAX_FRAGMENT_DEPTH:
        raise RecursionError("fragments use each other without end")
    name, _, tail = rest.partition(">>")
    return head + _expand(fragments[name], fragments, depth + 1) + _expand(tail, fragments, depth)


def _refuse_twins(rules: list[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.text.id in seen:
            raise RuleError("-", rule.text.id, "id", "is used twice")
        seen.add(rule.text.id)


def _automaton(rules: list[Rule]) -> ahocorasick.Automaton:
    found: dict[str, list[int]] = {}
    for index, rule in enumerate(rules):
        for keyword in rule.text.keywords:
            found.setdefault(plain(keyword).lower(), []).append(index)
    automaton = ahocorasick.Automaton()
    # An automaton without words cannot be searched; NUL never stands in a plain reading.
    automaton.add_word("\0", ())
    for keyword, indices in found.items():
        automaton.add_word(keyword, tuple(indices))
    automaton.make_automaton()
    return automaton
