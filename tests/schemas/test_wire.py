"""Addresses at which a collector may be asked."""

import pytest

from schemas.wire import AddressError, collector_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://collector.example", "https://collector.example"),
        ("https://collector.example:8443/overt/", "https://collector.example:8443/overt"),
        ("http://127.0.0.1:8800", "http://127.0.0.1:8800"),
        ("http://[::1]:8800/", "http://[::1]:8800"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_an_address_loses_its_last_slash_only(text: str, url: str) -> None:
    assert collector_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "https://", "ftp://x", "collector.example", "http://collector.example", "http://127.0.0.1.example"),
        *("https://x/?a=1", "https://x/#code", "https://me@x", "https://x:port", "http://[", "https://x:99999"),
    ],
)
def test_what_is_no_address_or_an_unsafe_one_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        collector_url(text)
