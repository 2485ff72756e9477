"""Numbers of people: every named format exists, and what only looks like one stays."""

from importlib import import_module

import pytest

import policies
from agent.core.redact.national import BY_GROUPS
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor

REDACTOR = TextRedactor(RuleSet(policies.redaction_rules()), b"0" * 32)
FORMATS = sorted({name for names in BY_GROUPS.values() for name in names})


def test_numbers_of_at_least_25_countries_are_checked() -> None:
    assert len({name.partition(".")[0] for name in FORMATS}) >= 25


@pytest.mark.parametrize("name", FORMATS)
def test_each_named_format_can_be_checked(name: str) -> None:
    assert import_module(f"stdnum.{name}").is_valid("") is False


@pytest.mark.parametrize("text", [
    "a = 0.4597008433809831", 'viewBox="465,268.007 470,278.007 475"', "tostring.js n=10000000",
    "arnumber=1559964", "netmask 255.255.255.0 via 10.0.0.1", "ff02::1 and ::1",
])  # fmt: skip
def test_numbers_that_are_nobodys_stay(text: str) -> None:
    assert REDACTOR.find(text) == []


@pytest.mark.parametrize("text", [
    "2001:4860::1", "233.8.12.9", "fe80::211:22ff:fe33:4455", "01aa:2bb:cc3:4dd:5ee:6:77:8",
])  # fmt: skip
def test_addresses_that_name_a_device_or_place_go(text: str) -> None:
    assert [(s.start, s.end) for s in REDACTOR.find(text)] == [(0, len(text))]
