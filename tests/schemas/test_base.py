"""The ground: one spelling of bytes, of documents and of times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.base import MAX_INTEGER, Bytes32, Document, SchemaError, base64url, canonical, digest, note, unbase64url
from schemas.times import Instant, from_unix_ns, unix_ns
from tests.schemas.material import CANARY, instants, refused


class Sample(Document):
    """A document of nothing but what the tests need."""

    number: int = note("a number", default=0)
    text: str | None = note("a text", default=None)


@given(st.binary(max_size=100))
def test_bytes_have_one_spelling(data: bytes) -> None:
    text = base64url(data)
    assert unbase64url(text) == data
    assert not set(text) & set("+/=\n")


@given(st.text(max_size=60) | st.text("ABCDwxyz0189-_+/= \n", max_size=60))
def test_a_text_is_canonical_base64url_or_refused(text: str) -> None:
    try:
        data = unbase64url(text)
    except SchemaError:
        return
    assert base64url(data) == text


@pytest.mark.parametrize("text", ["QQ==", "Q", "QR", "QQ\n", "+A", "/w", "Q Q", "QUI=", "ä", CANARY + "!"])
def test_a_second_spelling_is_refused(text: str) -> None:
    refused(SchemaError, unbase64url, text)


def test_a_key_of_32_bytes_has_one_spelling() -> None:
    reader = TypeAdapter[str](Bytes32)
    good = base64url(bytes(range(32)))
    assert reader.validate_python(good) == good
    for bad in (good[:-1] + "9", good + "=", good + "\n", good[:-1], good + "A"):
        with pytest.raises(ValidationError):
            reader.validate_python(bad)


def test_a_document_has_one_byte_string() -> None:
    assert canonical(Sample(number=7)) == b'{"number":7}'
    assert canonical(Sample(number=7, text="ä\n")) == '{"number":7,"text":"ä\\n"}'.encode()
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_numbers_beyond_what_json_can_tell_are_refused() -> None:
    assert canonical(Sample(number=-MAX_INTEGER))
    for number in (MAX_INTEGER + 1, -MAX_INTEGER - 1, 10**40):
        assert str(number) not in refused(SchemaError, canonical, Sample(number=number))


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_instant_is_exact_to_the_microsecond(ns: int) -> None:
    assert unix_ns(from_unix_ns(ns)) == ns // 1000 * 1000
    assert from_unix_ns(ns) <= from_unix_ns(ns + 1000)


@given(instants(within_days=40_000))
def test_a_document_s_time_survives_its_spelling(instant: datetime) -> None:
    reader = TypeAdapter[datetime](Instant)
    spelled = reader.dump_json(instant)
    assert reader.validate_json(spelled, strict=True) == instant
    assert from_unix_ns(unix_ns(instant)) == instant


def test_times_are_in_utc_and_never_naive() -> None:
    reader = TypeAdapter[datetime](Instant)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert unix_ns(now) == 1_795_435_200 * 10**9
    for bad in (now.replace(tzinfo=None), now.astimezone(timezone(timedelta(hours=1)))):
        with pytest.raises(ValidationError):
            reader.validate_python(bad)
