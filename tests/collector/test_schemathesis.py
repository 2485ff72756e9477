"""What the published OpenAPI describes, called with whatever it allows, unsigned and signed: never a server's error."""

import json
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.collectors import Collector
from tests.support.devices import Device, World

schemathesis.serializer("application/vnd.overt.envelope", "application/partial-upload")(lambda _context, _value: b"")
"""Bodies of these are drawn by the test itself."""
MODEST = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def device(collector: Collector, world: World) -> Device:
    return collector.join(world)


def test_every_published_operation_answers_without_a_server_error(
    collector: Collector, world: World, device: Device
) -> None:
    schema = schemathesis.openapi.from_dict(collector.call("GET", "/openapi.json").json())
    operations: list[Any] = [found.ok() for found in cast("Any", schema).get_all_operations()]
    assert {"/v1/batches/{digest}", "/v1/consents", "/v1/ledger"} <= {operation.path for operation in operations}
    signers = st.sampled_from("dr-")
    for operation in operations:

        @MODEST
        @given(case=operation.as_strategy(), drawn=st.binary(max_size=300), whole=st.booleans(), signed=signers)
        def calls(case: Any, drawn: bytes, whole: bool, signed: str) -> None:  # noqa: FBT001
            request = case.as_transport_kwargs(base_url=collector.url)
            url = collector.client.build_request(case.method, request["url"], params=request.get("params")).url
            path = url.raw_path.decode()
            body = json.dumps(request["json"]).encode() if whole and "json" in request else drawn
            content = body if case.method not in {"GET", "HEAD"} else b""
            if signed == "d":
                headers = device.headers(case.method, str(url), content)
            elif signed == "r":
                headers = world.researchers[0].headers(case.method, str(url), content)
            else:
                headers = {}
            reply = collector.call(case.method, path, content, headers)
            assert reply.status_code < 500, (case.method, path, reply.text)

        calls()
