"""The published description tells what goes in and comes out, from the models that check it."""

from collections.abc import Iterator
from typing import Any

from schemas.wire import EnrolRequest
from tests.support.collectors import Collector

Json = dict[str, Any]


def operations(api: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in api["paths"].items():
        yield from ((f"{method.upper()} {path}", operation) for method, operation in methods.items())


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_body_that_is_sent_or_given_is_described(collector: Collector) -> None:
    api: Json = collector.call("GET", "/openapi.json").raise_for_status().json()
    wire = {name: op for name, op in operations(api) if "/v1/" in name}
    assert {
        name for name in wire if name.split()[0] in {"POST", "PUT", "PATCH"} and "requestBody" not in wire[name]
    } == set()
    blank = {"HEAD /v1/uploads/{digest}", "POST /v1/publish", "GET /v1/audit/retention"}
    for name, operation in wire.items():
        good = [reply for status, reply in operation["responses"].items() if status.startswith("2")]
        told = any(media.get("schema") for reply in good for media in reply.get("content", {}).values())
        assert told or name in blank, name
        assert operation["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    known = {f"#/components/schemas/{name}" for name in api["components"]["schemas"]}
    assert set(references(api)) <= known


def test_a_body_is_described_as_its_model_has_it(collector: Collector) -> None:
    api: Json = collector.call("GET", "/openapi.json").raise_for_status().json()
    told = api["paths"]["/v1/enrol"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert told["required"] == ["code", "registration"]
    assert (
        told["properties"]["code"]["maxLength"] == EnrolRequest.model_json_schema()["properties"]["code"]["maxLength"]
    )
    assert told["additionalProperties"] is False
