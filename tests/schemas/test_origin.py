"""Origins: one spelling, nothing after the port, nothing that stands for several."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.base import SchemaError, canonical
from schemas.events import Modality
from schemas.origin import MAX_ORIGIN_CHARS, is_origin
from schemas.policy import AppRule, Policy
from schemas.signed import parse_body
from tests.schemas.material import refused, world

MAIL = "https://mail.example.org"


@pytest.mark.parametrize(
    "origin",
    [
        MAIL,
        "https://mail.example.org:8443",
        "https://xn--bcher-kva.example",
        "https://10.0.0.1",
        "https://[2001:db8::1]:8443",
        "http://localhost",
        "http://localhost:8080",
        "http://127.0.0.1:1",
        "http://[::1]:65535",
    ],
)
def test_origins(origin: str) -> None:
    assert is_origin(origin)


@pytest.mark.parametrize(
    "text",
    [
        *("", "https://", "mail.example.org", "https:/mail.example.org", "//mail.example.org", "null", "file://"),
        *("https://mail.example.org/", "https://mail.example.org/inbox", "https://mail.example.org?a", f"{MAIL}#a"),
        *("https://Mail.example.org", "HTTPS://mail.example.org", " https://mail.example.org", f"{MAIL}\n"),
        *("https://*.example.org", "https://*", "https://mail.*", "<all_urls>", "*://mail.example.org"),
        *("https://me@mail.example.org", "https://me:pw@mail.example.org", "https://mail.example.org:"),
        *("https://mail.example.org:443", "http://localhost:80", f"{MAIL}:0", f"{MAIL}:65536", f"{MAIL}:08443"),
        *("http://mail.example.org", "http://10.0.0.1", "http://127.0.0.2", "http://localhost.example.org"),
        *("https://mail..example.org", "https://.example.org", "https://example.org.", "https://-a.example"),
        *("https://a_b.example", "https://bücher.example", "https://1.2.3", "https://1.2.3.04", "https://1.2.3.256"),
        *("https://[::1", "https://[2001:DB8::1]", "https://[2001:0db8::1]", "https://[::ffff:1.2.3.4]x", "https://[]"),
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 140 + "example",
    ],
)
def test_what_is_no_origin(text: str) -> None:
    assert not is_origin(text)


@given(st.text(max_size=60))
def test_nothing_follows_an_origin(more: str) -> None:
    longer = MAIL + more
    assert is_origin(longer) <= (len(longer) <= MAX_ORIGIN_CHARS and not set(longer) - set(MAIL + longer.lower()))
    if any(c in more for c in "/?#@*\\% \t\n"):
        assert not is_origin(longer)


def rule(**changes: Any) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(canonical(world().policy))["apps"][0]
    return table | changes


def policy(*apps: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(canonical(world().policy))
    return table | {"apps": list(apps)}


def read(table: dict[str, Any]) -> Policy:
    found = parse_body(Policy, json.dumps(table).encode())
    assert isinstance(found, Policy)
    return found


def test_a_policy_without_origins_is_spelled_as_it_ever_was() -> None:
    assert b"origins" not in canonical(world().policy)
    assert read(policy(rule())).apps[0].origins is None


@pytest.mark.parametrize("origins", [[], ["https://b.example", "https://a.example"], [MAIL, MAIL], ["https://*"], MAIL])
def test_origins_of_a_rule_are_sorted_distinct_and_origins(origins: Any) -> None:
    refused(SchemaError, read, policy(rule(origins=origins)))


def test_a_browser_is_listed_by_its_sites_or_as_a_whole() -> None:
    one, two = rule(origins=[MAIL]), rule(id="other", origins=["https://chat.example"])
    assert len(read(policy(one, two)).apps) == 2
    refused(SchemaError, read, policy(one, rule(id="other")))
    refused(SchemaError, read, policy(rule(id="other"), one))
    refused(SchemaError, read, policy(one, rule(id="other", origins=[MAIL, "https://x.example"])))
    elsewhere = rule(id="other", executables=["/usr/bin/else"])
    assert len(read(policy(one, elsewhere, rule(id="third", executables=["/x"], origins=[MAIL]))).apps) == 3


def test_a_rule_cannot_be_made_with_a_path() -> None:
    with pytest.raises(ValidationError, match="nothing after it"):
        AppRule(
            id="a",
            name="A",
            category="mail",
            executables=("/a",),
            modalities=(Modality.KEYBOARD,),
            origins=(f"{MAIL}/",),
        )
