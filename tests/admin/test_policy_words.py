"""Policies in words, and enrolment codes on paper."""

import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin import keys, policy_words, sheet
from admin.cli import main
from admin.errors import InputError
from schemas.policy import Policy

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RULE = {
    "id": "mail",
    "name": "Mail",
    "category": "mail",
    "executables": ("/usr/bin/mail",),
    "modalities": ("keyboard", "pointer"),
    "screen": "layout",
}
WEB = RULE | {"id": "web", "executables": ("/usr/bin/browser",), "origins": ("https://a.example",)}


def policy(**changes: object) -> Policy:
    base = {"study": "s", "version": 1, "issued": NOW, "expires": NOW.replace(year=2027), "timing": "10ms"}
    return Policy.model_validate({**base, "apps": (RULE, WEB), **changes})


@pytest.mark.parametrize(
    ("change", "key", "direction"),
    [
        ({"consent_days": 30}, "consent_days", "narrower"),
        ({"timing": "exact"}, "timing", "wider"),
        ({"timing": "order"}, "timing", "narrower"),
        ({"blocked": True}, "blocked", "narrower"),
        ({"review_s": 60}, "review_s", "narrower"),
        ({"spool_bytes": 1 << 31}, "spool_bytes", "wider"),
        ({"expires": NOW.replace(year=2028)}, "expires", "wider"),
        ({"version": 2}, "version", "other"),
        ({"apps": (RULE,)}, "apps.web", "narrower"),
        ({"apps": (RULE, WEB, RULE | {"id": "z", "executables": ()})}, "apps.z", "wider"),
        ({"apps": (RULE | {"modalities": ("keyboard",)}, WEB)}, "apps.mail", "narrower"),
        ({"apps": (RULE | {"modalities": ("screen",)}, WEB)}, "apps.mail", "wider"),
        ({"apps": (RULE | {"screen": "reveal"}, WEB)}, "apps.mail", "wider"),
        ({"apps": (RULE | {"screen": "none"}, WEB)}, "apps.mail", "narrower"),
        ({"apps": (RULE, WEB | {"origins": ("https://a.example", "https://b.example")})}, "apps.web", "wider"),
        ({"apps": (RULE | {"name": "Post"}, WEB)}, "apps.mail", "other"),
        ({"apps": (RULE, WEB | {"origins": None})}, "apps.web", "wider"),
    ],
)
def test_a_change_is_told_with_its_direction(change: dict[str, object], key: str, direction: str) -> None:
    found = policy_words.diff(policy(), policy(**change))
    assert direction in {c.direction for c in found if c.key == key}


def test_the_same_policy_is_no_change() -> None:
    assert policy_words.diff(policy(), policy()) == []


def test_an_explanation_names_every_app_and_says_who_decides() -> None:
    text = "\n".join(policy_words.explain(policy(blocked=True)))
    for said in (
        "Mail (mail)",
        "https://a.example",
        "each person decides",
        "switched off for everybody",
        "consent_days",
    ):
        assert said in text
    assert "No app is listed" in "\n".join(policy_words.explain(policy(apps=())))


def test_the_commands_say_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = Path("policies/studies/example-policy.toml").read_text()
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(example)
    two.write_text(example.replace("consent_days = 30", "consent_days = 60"))
    with pytest.raises(SystemExit):
        main(["policy", "diff", str(one), str(two)])
    assert "wider: consent_days: 30 -> 60" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["policy", "explain", str(one), "--json"])
    assert any("Mousepad" in line for line in json.loads(capsys.readouterr().out)["sentences"])


def test_codes_can_be_printed_and_nobody_else_reads_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, out = tmp_path / "org", tmp_path / "codes.html"
    keys.create(home, "Example Ltd", bytes(range(32)))
    issue = ["codes", "issue", "--study", "s", "--count", "3", "--collector", "https://c.example", "--home", str(home)]
    with pytest.raises(SystemExit) as end:
        main([*issue, "--out", str(tmp_path / "codes.json"), "--sheet", str(out), "--json"])
    assert end.value.code == 0
    links = json.loads(capsys.readouterr().out)["links"]
    text = out.read_text()
    assert all(link in text for link in links)
    assert text.count("<svg") == 3
    assert not re.search(r"(src|href)=", text)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(InputError):
        sheet.write_private(out, "again")


def test_a_study_s_name_is_text() -> None:
    assert "<script>" not in sheet.page("<script>", ["https://c.example#A.B"], NOW)
