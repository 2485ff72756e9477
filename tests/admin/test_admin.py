"""IT's desk: keys, policies, studies, codes, publishing, and the command line that joins them."""

import json
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin import codes, documents, keys, policy, publish, study
from admin.cli import main
from admin.errors import InputError, KeyFileError, PublishError
from schemas.base import SchemaError, digest
from schemas.policy import Policy
from schemas.signed import parse_signed, sign, verify
from schemas.study import EnrolmentCodes, StudyManifest
from schemas.wire import Refusal, RefusalReason, StudyReply
from tests.support.collectors import Collector

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
SEED = bytes(range(32))


def _home(tmp_path: Path) -> Path:
    home = tmp_path / "org"
    keys.create(home, "Example Ltd", SEED)
    return home


def _altered(path: Path, pattern: str, replacement: str) -> Path:
    text, count = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.MULTILINE)
    assert count
    path.write_text(text)
    return path


# Keys ---------------------------------------------------------------------------------------------------------------


def test_a_key_is_private_to_its_owner_and_is_never_overwritten(tmp_path: Path) -> None:
    home = _home(tmp_path)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / keys.KEY_FILE).stat().st_mode) == 0o600
    before = (home / keys.KEY_FILE).read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        keys.create(home, "Another", bytes(32))
    assert (home / keys.KEY_FILE).read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    home = _home(tmp_path)
    (home / keys.KEY_FILE).chmod(mode)
    with pytest.raises(KeyFileError, match="used by others"):
        keys.load(home)


def test_a_folder_that_others_can_use_and_a_link_are_refused(tmp_path: Path) -> None:
    home = _home(tmp_path)
    home.chmod(0o750)
    with pytest.raises(KeyFileError, match="used by others"):
        keys.load(home)
    home.chmod(0o700)
    (home / keys.KEY_FILE).rename(tmp_path / "elsewhere")
    (home / keys.KEY_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="cannot read"):
        keys.load(home)


def test_the_secret_is_in_no_repr(tmp_path: Path) -> None:
    organisation = keys.load(_home(tmp_path))
    assert SEED.hex() not in repr(organisation)
    assert organisation.fingerprint[:16] in repr(organisation)


# Policies -----------------------------------------------------------------------------------------------------------


def test_the_example_policy_is_fine_and_ends_by_itself(examples: Path) -> None:
    done = policy.check(examples / "example-policy.toml", NOW)
    assert done.warnings == []
    assert done.policy.expires - done.policy.issued == timedelta(days=policy.DEFAULT_DAYS)


def test_a_policy_can_be_json_as_well(examples: Path, tmp_path: Path) -> None:
    first = policy.check(examples / "example-policy.toml", NOW).policy
    as_json = tmp_path / "policy.json"
    as_json.write_text(first.model_dump_json())
    assert policy.check(as_json, NOW).policy == first


@pytest.mark.parametrize(
    ("pattern", "replacement", "complaint"),
    [
        (r"^version = 1", "version = 0", r"version: .*counts up with each change"),
        (r"^consent_days = 30", "consent_days = 91", r"consent_days: .*90.*asked for again"),
        (r"^review_s", "reveiw_s", r"reveiw_s: unknown key; did you mean review_s\?"),
        (r'"/usr/bin/geany"', '"geany"', r"apps\.1\.executables: must be absolute paths"),
        (r'"exact"|"10ms"', '"1ms"', r"timing: .*finest timing tier"),
        (r'id = "geany"', 'id = "mousepad"', "two apps have the same id"),
        (r'\["keyboard", "pointer"\]', '["pointer", "keyboard"]', r"apps\.1\.modalities: must be sorted"),
        (r"^version = 1", "version = 1\nexpires = 2020-01-01T00:00:00Z", "expires: must be later than issued"),
        (r"^version = 1", "version = 1\nissued = 2027-01-01T00:00:00+02:00", "issued: must be in UTC"),
        (r"^study = .*$", "", r"study: .*the study that this policy is for"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(examples: Path, pattern: str, replacement: str, complaint: str) -> None:
    file = _altered(examples / "example-policy.toml", pattern, replacement)
    with pytest.raises(InputError, match=complaint):
        policy.check(file, NOW)


@pytest.mark.parametrize(
    "key",
    [
        "hidden",
        "silent",
        "silent_mode",
        "stealth",
        "no_tray",
        "hide_icon",
        "hide_badge",
        "enabled",
        "force_on",
        "force-capture",
        "assume_consent",
        "covert",
        "invisible_indicator",
        "auto_accept",
        "always_on",
        "grant_all",
    ],
)
def test_keys_that_would_hide_or_grant_are_refused_for_good(examples: Path, key: str) -> None:
    file = _altered(examples / "example-policy.toml", r"^version = 1", f"version = 1\n{key} = true")
    with pytest.raises(InputError, match="no such key exists, and none will"):
        policy.check(file, NOW)


def test_all_wrong_keys_are_named_at_once(examples: Path) -> None:
    file = _altered(examples / "example-policy.toml", r"^version = 1", "version = 0\nbatch = 3")
    with pytest.raises(InputError) as caught:
        policy.check(file, NOW)
    assert {line.split(": ")[1] for line in str(caught.value).splitlines()} == {"version", "batch"}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"study = ", b"a = 1\n" * 200_000, b"a=" + b"[" * 50_000])
def test_files_that_are_no_policies_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(content)
    with pytest.raises(InputError):
        policy.check(file, NOW)


def test_what_captures_nothing_is_pointed_out(examples: Path) -> None:
    file = _altered(examples / "example-policy.toml", r'\["/usr/bin/geany"\]', "[]")
    _altered(file, r"^version = 1", "version = 1\nblocked = true")
    warnings = policy.check(file, NOW).warnings
    assert any("geany names neither executables nor packages" in w for w in warnings)
    assert any(w.startswith("blocked") for w in warnings)


# Studies ------------------------------------------------------------------------------------------------------------


def test_the_example_study_becomes_a_manifest_whose_notice_says_the_same(examples: Path, cards: list[Path]) -> None:
    made = study.manifest(examples / "example-study.toml", cards, NOW)
    notice = made.notices["en"]
    assert made.version == 1
    assert "{{" not in notice
    for fact in (made.title, made.purpose, made.controller.party_contact, f"{made.retention_days} days", "Alice"):
        assert fact in notice
    assert all(r.recipient_fingerprint[:16] in notice for r in made.researchers)


def test_a_version_counts_up_from_the_one_before(examples: Path, cards: list[Path]) -> None:
    first = study.manifest(examples / "example-study.toml", cards, NOW)
    second = study.manifest(examples / "example-study.toml", cards[:1], NOW, first)
    assert (second.version, len(second.researchers)) == (2, 1)
    other = _altered(examples / "example-study.toml", "forms-2027", "other")
    with pytest.raises(InputError, match="another study"):
        study.manifest(other, cards, NOW, first)


def test_a_card_with_a_fingerprint_of_somebody_else_is_refused(cards: list[Path]) -> None:
    table = json.loads(cards[0].read_text())
    table["recipient_fingerprint"] = json.loads(cards[1].read_text())["recipient_fingerprint"]
    cards[0].write_text(json.dumps(table))
    with pytest.raises(InputError, match="recipient_fingerprint: not that of the recipient"):
        study.read_card(cards[0])


def test_a_notice_with_an_unknown_hole_reaches_nobody(examples: Path, cards: list[Path]) -> None:
    notice = examples.parent / "notices" / "en.md"
    notice.write_text(notice.read_text() + "\n{{bonus}}\n")
    with pytest.raises(InputError, match="bonus"):
        study.manifest(examples / "example-study.toml", cards, NOW)


def test_nobody_and_the_same_person_twice_cannot_be_researchers(examples: Path, cards: list[Path]) -> None:
    for people, complaint in (([], "without researchers"), ([cards[0], cards[0]], "same recipient")):
        with pytest.raises(InputError, match=complaint):
            study.manifest(examples / "example-study.toml", people, NOW)


@pytest.mark.parametrize("key", ["version = 3", "researchers = []", "created = 2027-01-01T00:00:00Z"])
def test_what_the_program_sets_cannot_be_set_in_the_file(examples: Path, cards: list[Path], key: str) -> None:
    file = _altered(examples / "example-study.toml", r"^study = ", f"{key}\nstudy = ")
    with pytest.raises(InputError, match="leave it out"):
        study.manifest(file, cards, NOW)


# Codes --------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_codes_are_distinct_and_only_their_digests_are_listed(count: int, seed: int) -> None:
    made = codes.make(count, Random(seed).randbytes)  # noqa: S311  # repeatable on purpose
    assert len(set(made)) == count
    assert all(re.fullmatch("[A-Z2-7]{26}", c) for c in made)
    listing = codes.document("s", made, NOW, 14)
    assert set(listing.digests) == {digest(c.encode()) for c in made}
    assert listing.expires - listing.issued == timedelta(days=14)


@pytest.mark.parametrize(("count", "days"), [(0, 1), (10_001, 1), (1, 0), (1, 91)])
def test_numbers_of_codes_and_days_are_limited(count: int, days: int) -> None:
    with pytest.raises(InputError):
        codes.document("s", codes.make(count, os.urandom), NOW, days)


# Publishing ---------------------------------------------------------------------------------------------------------


def test_a_refusal_is_told_with_its_remedy(tmp_path: Path, examples: Path) -> None:
    organisation = keys.load(_home(tmp_path))
    signed = sign(policy.check(examples / "example-policy.toml", NOW).policy, organisation.key)
    refusal = Refusal(reason=RefusalReason.OLDER_VERSION, detail="version 3 is known", remedy="Count up.")
    transport = httpx.MockTransport(lambda _: httpx.Response(409, content=refusal.model_dump_json()))
    with pytest.raises(PublishError, match=r"older_version.*version 3 is known") as caught:
        list(publish.publish("https://x", [signed], httpx.Client(transport=transport)))
    assert caught.value.remedy == "Count up."


# The command line ---------------------------------------------------------------------------------------------------


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    assert isinstance(end.value.code, int)
    return end.value.code, capsys.readouterr().out


def test_from_a_new_key_to_links_and_signed_documents(
    tmp_path: Path, examples: Path, cards: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "org"
    code, out = _run(capsys, "init", "--organisation", "Example Ltd", "--home", home, "--json")
    public_key = json.loads(out)["public_key"]
    assert code == 0
    manifest, signed_policy, listing = (tmp_path / n for n in ("manifest.json", "policy.json", "codes.json"))
    people = [part for card in cards for part in ("--researcher", card)]
    config = examples / "example-study.toml"
    new = ["study", "new", "--config", config, *people, "--home", home]
    assert _run(capsys, *new, "--out", manifest)[0] == 0
    assert _run(capsys, *new, "--previous", manifest, "--out", manifest)[0] == 0
    file = examples / "example-policy.toml"
    assert _run(capsys, "policy", "check", file)[0] == 0
    assert _run(capsys, "policy", "sign", file, "--home", home, "--out", signed_policy)[0] == 0
    issue = ["codes", "issue", "--study", "forms-2027", "--count", 3, "--collector", "https://c.example/"]
    code, out = _run(capsys, *issue, "--home", home, "--out", listing)
    assert code == 0

    trusted = keys.load(home).trusted()
    assert verify(parse_signed(manifest.read_bytes()), StudyManifest, trusted).version == 2
    assert verify(parse_signed(signed_policy.read_bytes()), Policy, trusted).study == "forms-2027"
    links = out.splitlines()
    digests = verify(parse_signed(listing.read_bytes()), EnrolmentCodes, trusted).digests
    assert len(links) == 3
    for link in links:
        match = re.fullmatch(r"https://c\.example#([A-Z2-7]{26})\.([A-Za-z0-9_-]{43})", link)
        assert match
        assert digest(match[1].encode()) in digests
        assert match[2] == public_key
        assert match[1] not in listing.read_text()


def test_a_previous_manifest_signed_by_others_is_refused(
    tmp_path: Path, examples: Path, cards: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    home = _home(tmp_path)
    foreign = keys.create(tmp_path / "foreign", "Foreign", bytes(32))
    made = study.manifest(examples / "example-study.toml", cards, NOW)
    previous = tmp_path / "previous.json"
    previous.write_bytes(sign(made, foreign.key).to_bytes())
    config = examples / "example-study.toml"
    out = tmp_path / "out.json"
    arguments = ["study", "new", "--config", config, "--researcher", cards[0], "--previous", previous]
    code, _ = _run(capsys, *arguments, "--home", home, "--out", out)
    assert code == 2
    assert not out.exists()


def test_errors_come_with_a_remedy_and_a_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = _run(capsys, "policy", "check", tmp_path / "none.toml", "--json")
    assert code == 2
    assert json.loads(out)["exit_code"] == 2
    assert json.loads(out)["remedy"]


def test_publishing_what_is_not_signed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.json"
    file.write_text("{}")
    with pytest.raises(SchemaError):
        documents.read_signed(file)
    assert _run(capsys, "publish", "--collector", "https://c.example", file)[0] == 2


def test_a_real_collector_takes_what_was_signed_and_no_older_policy(
    tmp_path: Path, examples: Path, cards: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    home = _home(tmp_path)
    names = manifest, rules, listing = [tmp_path / n for n in ("manifest.json", "policy.json", "codes.json")]
    people = [part for card in cards for part in ("--researcher", card)]
    with Collector(tmp_path / "data", keys.load(home).public_key) as collector:
        config = _altered(examples / "example-study.toml", r'^collector = ".*"', f'collector = "{collector.url}"')
        _run(capsys, "study", "new", "--config", config, *people, "--home", home, "--out", manifest)
        newer = _altered(examples / "example-policy.toml", "^version = 1", "version = 2")
        _run(capsys, "policy", "sign", newer, "--home", home, "--out", rules)
        issue = ["codes", "issue", "--study", "forms-2027", "--count", 2, "--collector", collector.url]
        _run(capsys, *issue, "--home", home, "--out", listing)
        for _ in range(2):  # safe to repeat
            code, out = _run(capsys, "publish", "--collector", collector.url, *names, "--json")
            assert code == 0
            assert len(json.loads(out)["published"]) == 3
        reply = StudyReply.model_validate_json(collector.call("GET", "/v1/study").content)
        assert verify(reply.policy, Policy, keys.load(home).trusted()).version == 2
        older = _altered(newer, "^version = 2", "version = 1")
        _run(capsys, "policy", "sign", older, "--home", home, "--out", rules)
        with pytest.raises(SystemExit) as end:
            main(["publish", "--collector", collector.url, str(rules)])
        assert end.value.code == 1
        assert "older_version" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [[], ["init"], ["study", "new"], ["policy", "sign"], ["codes", "issue"], ["publish"]]
)
def test_help_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out = _run(capsys, *command, "--help")
    assert code == 0
    assert re.search(r"Examples:\n +overt-admin", out)
