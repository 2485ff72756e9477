"""The fleet's health: what is published, and the collector's figures; never anybody, never fewer than five."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from admin import fleet
from admin.errors import PublishError
from schemas.base import canonical
from schemas.signed import public_key_text
from schemas.times import from_unix_ns
from schemas.wire import StudyReply
from tests.agent.net.http_rig import Asked, Reply, Site
from tests.support.collectors import Collector
from tests.support.devices import World

WORLD = World.make("fleet", codes=1)
NOW = from_unix_ns(WORLD.now_ns)
FIGURES = """# HELP overt_batches_stored_day Batches stored
# TYPE overt_batches_stored_day gauge
overt_batches_stored_day 1240.0
overt_server_errors_day 3.0
overt_refused_day{reason="chain_broken"} 7.0
overt_refused_day{reason="replayed"} 0.0
overt_retention_overdue 0.0
overt_somebody{name="ada"} 99.0
"""


def answer(asked: Asked) -> Reply:
    if asked.path == "/v1/study":
        key = public_key_text(WORLD.org_key)
        return Reply(
            200, canonical(StudyReply(manifest=WORLD.signed_manifest, policy=WORLD.signed_policy, collector_key=key))
        )
    return Reply(200 if asked.headers.get("authorization") == "Bearer t0ken" else 401, FIGURES.encode())


def ask(token: str | None, days: int = 0) -> dict[str, object]:
    with Site(answer) as site, httpx.Client() as client:
        return fleet.health(client, site.url, token, NOW + timedelta(days=days))


def test_it_tells_what_is_published_and_amounts() -> None:
    found = ask("t0ken")
    assert (found["study"], found["policy_version"], found["switched_off"]) == (WORLD.manifest.study, 1, False)
    assert found["figures"] == {
        "batches_stored_last_day": 1240,
        "server_errors_last_day": "<5",
        "refused_last_day (chain_broken)": 7,
        "batches_kept_too_long": 0,
    }
    assert found["warnings"] == ["server_errors_last_day: <5"]
    assert "ada" not in json.dumps(found)


def test_without_a_token_only_what_is_published() -> None:
    assert ask(None)["figures"] == {}


def test_a_policy_that_ends_soon_is_told() -> None:
    left = (WORLD.policy.expires - NOW).days
    assert "ends in 3 days" in str(ask(None, left - 3)["warnings"])


def test_a_wrong_token_is_told_with_what_helps() -> None:
    with pytest.raises(PublishError, match="401") as caught:
        ask("wrong")
    assert "--metrics-token" in caught.value.remedy


def test_something_else_answers() -> None:
    with (
        Site(lambda _: Reply(200, b"{}")) as site,
        httpx.Client() as client,
        pytest.raises(PublishError, match="no study"),
    ):
        fleet.health(client, site.url, None, NOW)


def test_a_real_collector_gives_each_figure_and_refuses_a_wrong_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-that-nobody-guesses\n")
    with (
        Collector(tmp_path / "data", WORLD.trust, "--metrics-token", str(token)) as collector,
        httpx.Client(trust_env=False, timeout=60) as client,
    ):
        collector.publish_all(WORLD)
        device = collector.join(WORLD)
        collector.put(device, device.envelope()).raise_for_status()
        found = fleet.health(client, collector.url, fleet.token_of(token), datetime.now(UTC))
        with pytest.raises(PublishError) as caught:
            fleet.health(client, collector.url, "wrong", datetime.now(UTC))
    told = {words for name, words in fleet.MEANINGS.items() if name != "overt_refused_day"}  # told if there are any
    assert (set(found["figures"]), found["policy_version"]) == (told, WORLD.policy.version)
    assert device.fingerprint not in json.dumps(found)
    assert "--metrics-token" in caught.value.remedy
