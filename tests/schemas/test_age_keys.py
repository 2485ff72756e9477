"""Recipients and identities: one spelling each, and no secret where it does not belong."""

import hashlib
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import _bech32, age

ADA = age.Identity.from_seed(hashlib.sha256(b"ada").digest())


def test_keys_survive_their_text() -> None:
    text = ADA.encode()
    assert text.startswith("AGE-SECRET-KEY-PQ-1")
    assert age.Identity.parse(text).recipient == ADA.recipient
    assert age.Recipient.parse(str(ADA.recipient)) == ADA.recipient
    assert pickle.loads(pickle.dumps(ADA.recipient)) == ADA.recipient  # noqa: S301 - made in this line
    assert ADA.recipient.fingerprint == hashlib.sha256(ADA.recipient.raw).hexdigest()


def test_no_secret_in_what_is_shown() -> None:
    secret = ADA.encode()
    shown = [repr(ADA), str(ADA), f"{[ADA]}"]
    for broken in (secret.lower(), secret[:-1], secret[:-1] + "!", secret[:30] + "QQQQ" + secret[34:], secret + "Q"):
        with pytest.raises(age.MalformedKey) as caught:
            age.Identity.parse(broken)
        shown += [str(caught.value), repr(caught.value), caught.value.remedy]
        assert caught.value.__cause__ is None
    for text in shown:
        assert not any(secret.lower()[i : i + 6] in text.lower() for i in range(19, len(secret) - 6))
        assert ADA._seed.hex() not in text


@pytest.mark.parametrize("change", [str.upper, str.title, lambda t: t + " ", lambda t: t[:-1], lambda t: t[:0]])
def test_a_recipient_has_one_spelling(change: Callable[[str], str]) -> None:
    text = str(ADA.recipient)
    with pytest.raises(age.MalformedKey):
        age.Recipient.parse(change(text))


def test_a_letter_that_only_folds_into_ascii_is_no_spelling_of_a_key() -> None:
    secret = ADA.encode()
    assert "\N{KELVIN SIGN}".lower() == "k"
    with pytest.raises(age.MalformedKey):
        age.Identity.parse(secret.replace("K", "\N{KELVIN SIGN}"))


def test_no_changed_character_of_a_key_is_accepted() -> None:
    text = ADA.encode()
    for i in range(len(text)):
        for other in "QPZB1":
            changed = text[:i] + other + text[i + 1 :]
            if changed != text:
                with pytest.raises(age.MalformedKey):
                    age.Identity.parse(changed)


def test_padding_bits_of_a_key_are_zero() -> None:
    words = [*_bech32._regroup(bytes(32), 8, 5), 1]
    check = _bech32._polymod([*_bech32._expand("age-secret-key-pq-"), *words, *[0] * 6]) ^ 1
    words += [(check >> 5 * (5 - i)) & 31 for i in range(6)]
    text = "age-secret-key-pq-1" + "".join(_bech32.ALPHABET[word] for word in words)
    with pytest.raises(age.MalformedKey, match="padding"):
        age.Identity.parse(text.upper())


BAD_KEYS = {
    "empty": b"",
    "short": ADA.recipient.raw[:-1],
    "low order": ADA.recipient.raw[:1184] + bytes(32),
    "order of eight": ADA.recipient.raw[:1184]
    + bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "X25519 over the prime": ADA.recipient.raw[:1184] + (2**255 - 10).to_bytes(32, "little"),
    "X25519 with its top bit": ADA.recipient.raw[:-1] + bytes([ADA.recipient.raw[-1] | 0x80]),
    "ML-KEM not reduced": b"\xff" * 1152 + ADA.recipient.raw[1152:],
}


@pytest.mark.parametrize("raw", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bytes_that_are_no_public_key_are_refused_when_parsed(raw: bytes) -> None:
    with pytest.raises(age.MalformedKey):
        age.Recipient(raw)


@given(st.binary(max_size=64))
def test_bech32_round_trip(data: bytes) -> None:
    text = _bech32.encode("age1pq", data)
    assert len(text) == _bech32.encoded_length("age1pq", len(data))
    assert _bech32.decode("age1pq", text) == data


@given(st.text(max_size=100))
def test_no_text_breaks_the_key_parsers(text: str) -> None:
    for parse in (age.Identity.parse, age.Recipient.parse):
        with pytest.raises(age.MalformedKey):
            parse(text)


def test_a_seed_has_32_bytes() -> None:
    for size in (0, 31, 33):
        with pytest.raises(age.MalformedKey):
            age.Identity.from_seed(bytes(size))
