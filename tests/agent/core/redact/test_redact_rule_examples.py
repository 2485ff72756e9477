"""The built-in rules against their own examples, and what makes a rule file unusable."""

import pytest

import policies
from agent.core.redact.errors import RuleError
from agent.core.redact.fold import fold
from agent.core.redact.rules import Rule, RuleSet
from agent.core.redact.text import TextRedactor
from tests.agent.core.redact.redact_examples import expand

SEEDS = range(12)
BUILT_IN = RuleSet(policies.redaction_rules())
REDACTOR = TextRedactor(BUILT_IN, b"0" * 32)


def _alone(rule: Rule) -> str:
    return rule.text.id


@pytest.mark.parametrize("rule", BUILT_IN.rules, ids=_alone)
def test_matches_are_covered_by_their_own_rule(rule: Rule) -> None:
    missed = []
    for template in rule.text.matches:
        assert "«" in template, "an example says what must be covered"
        for seed in SEEDS:
            text, wanted = expand(template, seed)
            own = [s for s in BUILT_IN.find(fold(text)) if s.detector == rule.text.id]
            missed += [text for a, b in wanted if not any(s.start <= a and b <= s.end for s in own)]
    assert missed == []


@pytest.mark.parametrize("rule", BUILT_IN.rules, ids=_alone)
def test_spares_are_spared(rule: Rule) -> None:
    assert rule.text.spares, "a rule also says what it leaves alone"
    for template in rule.text.spares:
        text, _ = expand(template, 0)
        assert [text[s.start : s.end] for s in BUILT_IN.find(fold(text)) if s.detector == rule.text.id] == []


@pytest.mark.parametrize("rule", BUILT_IN.rules, ids=_alone)
def test_the_whole_set_covers_each_example_and_little_more(rule: Rule) -> None:
    for template in rule.text.matches:
        text, wanted = expand(template, 99)
        spans = REDACTOR.find(text)
        assert all(any(s.start <= a and b <= s.end for s in spans) for a, b in wanted)


GOOD = 'version = 1\n[[rule]]\nid = "a"\nclass = "X"\npattern = "x(y)"\ngroup = 1\nmatches = ["x«y»"]\nspares = ["z"]\n'


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("x(y)", "x(y"), "pattern"),
        (("x(y)", "x<<none>>"), "pattern"),
        (("group = 1", "group = 2"), "group"),
        (("group = 1", 'validator = "nope"'), "validator"),
        (("group = 1", 'colour = "red"'), "colour"),
        (('class = "X"', "class = 3"), "class"),
        (('["x«y»"]', "[]"), "matches"),
        (("version = 1", 'version = "1"'), "version"),
        (('class = "X"\n', ""), "class"),
    ],
)
def test_a_bad_rule_is_named_with_its_field(change: tuple[str, str], field: str) -> None:
    with pytest.raises(RuleError) as caught:
        RuleSet({"mine.toml": GOOD.replace(*change)})
    assert caught.value.source == "mine.toml"
    assert caught.value.field == field
    assert field == "version" or caught.value.rule == "a"
    assert field in str(caught.value)
    assert caught.value.remedy


def test_bad_toml_and_twins_are_refused() -> None:
    with pytest.raises(RuleError):
        RuleSet({"mine.toml": "version ="})
    with pytest.raises(RuleError, match="twice"):
        RuleSet({"one.toml": GOOD, "two.toml": GOOD})


def _with_fragment(pattern: str) -> str:
    return GOOD.replace("x(y)", "x(<<p>>)") + f'[fragments]\np = "{pattern}"\n'


def test_fragments_expand_and_loops_end() -> None:
    rules = RuleSet({"a.toml": _with_fragment("q+")})
    assert [(s.start, s.end) for s in rules.find(fold("a xqq"))] == [(3, 5)]
    with pytest.raises(RuleError, match="without end"):
        RuleSet({"a.toml": _with_fragment("<<p>>")})


def test_an_empty_set_finds_nothing() -> None:
    assert list(RuleSet({}).find(fold("a@b.example"))) == []


def test_policy_files_are_read_by_plain_names_only() -> None:
    assert policies.read_text("redaction/tokens.toml") == policies.redaction_rules()["tokens.toml"]
    for name in ("../pyproject.toml", "/etc/hostname", "redaction//x", ""):
        with pytest.raises(ValueError, match="plain path"):
            policies.read_text(name)
