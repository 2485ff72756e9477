"""Sealed files: what the writer writes, and that the reader takes nothing else."""

import hashlib
import tracemalloc
from collections.abc import Callable
from itertools import count

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import age

FILE_KEY, NONCE = bytes(range(16)), bytes(range(16, 32))
ADA, BEN, EVE = (age.Identity.from_seed(hashlib.sha256(name).digest()) for name in (b"ada", b"ben", b"eve"))
BOTH = [ADA.recipient, BEN.recipient]
CHUNK = age.CHUNK_BYTES
SEALED_CHUNK = CHUNK + 16
TEXT = b"what was typed"
ANY_SIZE = 1 << 20
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5]


def sealed(plaintext: bytes = TEXT, recipients: list[age.Recipient] | None = None) -> bytes:
    return age.encrypt(plaintext, recipients or [ADA.recipient], file_key=FILE_KEY, nonce=NONCE)


def header_of(data: bytes) -> bytes:
    return data[: data.index(b"\n", data.index(b"\n--- ") + 1) + 1]


def remade(change: Callable[[list[bytes]], list[bytes]], data: bytes | None = None) -> bytes:
    """Change the header's lines, then sign them again: so that only the parser can object."""
    data = data or sealed()
    header = header_of(data)
    signed = b"\n".join([*change(header.split(b"\n")[:-2]), b"---"])
    mac = age._base64(age._header_mac(FILE_KEY, signed))
    return signed + b" " + mac + b"\n" + data[len(header) :]


def counted_entropy() -> Callable[[int], bytes]:
    calls = count()
    return lambda size: hashlib.shake_256(bytes([next(calls)])).digest(size)


@pytest.mark.parametrize("size", SIZES)
def test_every_recipient_opens_what_was_sealed(size: int) -> None:
    plaintext = hashlib.shake_256(b"content").digest(size)
    data = sealed(plaintext, BOTH)
    for identity in (ADA, BEN):
        assert age.decrypt(data, [EVE, identity], limit=size) == plaintext


@settings(max_examples=60, deadline=None)
@given(
    plaintext=st.binary(max_size=2000),
    seeds=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4, unique=True),
    choice=st.integers(0, 3),
)
def test_round_trip(plaintext: bytes, seeds: list[bytes], choice: int) -> None:
    identities = [age.Identity.from_seed(seed) for seed in seeds]
    data = age.seal(plaintext, [each.recipient for each in identities], counted_entropy())
    assert age.decrypt(data, [identities[choice % len(identities)]], limit=len(plaintext)) == plaintext


def test_seal_draws_file_key_then_nonce() -> None:
    drawn: list[int] = []

    def entropy(size: int) -> bytes:
        drawn.append(size)
        return bytes([len(drawn)]) * size

    data = age.seal(TEXT, [ADA.recipient], entropy)
    assert drawn == [16, 16]
    assert data[len(header_of(data)) :][:16] == b"\x02" * 16


def test_the_file_key_and_the_payload_are_the_arguments_own_but_the_header_is_fresh() -> None:
    first, second = sealed(), sealed()
    assert header_of(first) != header_of(second)
    assert first[len(header_of(first)) :] == second[len(header_of(second)) :]


def test_a_stanza_costs_what_the_documents_say() -> None:
    everyone = [age.Identity.from_seed(bytes([i]) * 32).recipient for i in range(age.MAX_RECIPIENTS)]
    data = sealed(b"", everyone)
    assert len(header_of(data)) == 31_210
    assert len(header_of(data)) <= age.MAX_HEADER_BYTES
    last = age.Identity.from_seed(bytes([age.MAX_RECIPIENTS - 1]) * 32)
    assert age.decrypt(data, [last], limit=0) == b""


@pytest.mark.parametrize("number", [0, age.MAX_RECIPIENTS + 1])
def test_nobody_and_too_many_are_refused(number: int) -> None:
    recipients = [age.Identity.from_seed(bytes([i]) * 32).recipient for i in range(number)]
    with pytest.raises(age.RefusedRecipients):
        age.seal(TEXT, recipients, counted_entropy())


def test_a_recipient_twice_is_refused() -> None:
    with pytest.raises(age.RefusedRecipients):
        sealed(recipients=[ADA.recipient, BEN.recipient, age.Recipient.parse(str(ADA.recipient))])


@pytest.mark.parametrize(("file_key", "nonce"), [(b"", NONCE), (FILE_KEY * 2, NONCE), (FILE_KEY, NONCE[1:])])
def test_short_or_long_entropy_is_refused(file_key: bytes, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        age.encrypt(TEXT, [ADA.recipient], file_key=file_key, nonce=nonce)


def test_no_flipped_bit_yields_plaintext() -> None:
    data = sealed(recipients=[ADA.recipient])
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(age.AgeError):
            age.decrypt(bytes(flipped), [ADA], limit=ANY_SIZE)


def test_a_flipped_bit_in_the_stanza_of_another_recipient_is_seen() -> None:
    data = sealed(recipients=BOTH)
    lines = data.split(b"\n", 3)
    lines[1] = lines[1][:100] + (b"A" if lines[1][100:101] != b"A" else b"B") + lines[1][101:]
    with pytest.raises(age.PayloadTampered):
        age.decrypt(b"\n".join(lines), [BEN], limit=ANY_SIZE)


def test_no_cut_yields_plaintext() -> None:
    data = sealed(recipients=BOTH)
    for length in range(len(data)):
        with pytest.raises(age.AgeError):
            age.decrypt(data[:length], [ADA], limit=ANY_SIZE)


@pytest.mark.parametrize("spare", [0, 1, 15, 16, 17, SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 16])
def test_no_cut_near_a_chunks_border_yields_plaintext(spare: int) -> None:
    data = sealed(bytes(3 * CHUNK))
    start = len(header_of(data)) + 16
    with pytest.raises(age.AgeError):
        age.decrypt(data[: start + spare], [ADA], limit=ANY_SIZE)


def test_a_file_for_others_stays_shut() -> None:
    for identities in ([EVE], []):
        with pytest.raises(age.NoMatchingIdentity):
            age.decrypt(sealed(recipients=BOTH), identities, limit=ANY_SIZE)


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_plaintext_over_the_limit_is_refused_before_it_is_decrypted(size: int) -> None:
    data = sealed(bytes(size))
    assert len(age.decrypt(data, [ADA], limit=size)) == size
    tracemalloc.start()
    try:
        with pytest.raises(age.PayloadTooLarge):
            age.decrypt(data, [], limit=size - 1)
        assert tracemalloc.get_traced_memory()[1] < 128 * 1024
    finally:
        tracemalloc.stop()


def test_opening_and_sealing_hold_the_content_about_once() -> None:
    plaintext = bytes(4 << 20)
    data = sealed(plaintext)
    works: list[Callable[[], bytes]] = [
        lambda: age.decrypt(data, [ADA], limit=len(plaintext)),
        lambda: sealed(plaintext),
    ]
    for work in works:
        tracemalloc.start()
        try:
            work()
            assert tracemalloc.get_traced_memory()[1] < len(plaintext) * 5 // 4 + 256 * 1024
        finally:
            tracemalloc.stop()


ORDERS = {
    "swapped": [1, 0, 2],
    "first dropped": [1, 2],
    "middle dropped": [0, 2],
    "last dropped": [0, 1],
    "last alone": [2],
    "doubled": [0, 0, 1, 2],
    "last doubled": [0, 1, 2, 2],
    "none": [],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_chunks_stay_in_place(order: list[int]) -> None:
    data = sealed(bytes(2 * CHUNK + 50))
    start = len(header_of(data)) + 16
    chunks = [data[start + i * SEALED_CHUNK :][:SEALED_CHUNK] for i in range(3)]
    with pytest.raises(age.AgeError):
        age.decrypt(data[:start] + b"".join(chunks[i] for i in order), [ADA], limit=ANY_SIZE)


def test_a_payload_of_another_file_does_not_fit() -> None:
    data = sealed()
    other = age.encrypt(TEXT, [ADA.recipient], file_key=FILE_KEY[::-1], nonce=NONCE)
    with pytest.raises(age.PayloadTampered):
        age.decrypt(header_of(data) + other[len(header_of(other)) :], [ADA], limit=ANY_SIZE)


def test_an_empty_last_chunk_is_no_second_spelling() -> None:
    cipher = ChaCha20Poly1305(age._hkdf(FILE_KEY, NONCE, b"payload"))
    full = cipher.encrypt(age._chunk_nonce(0, last=False), bytes(CHUNK), None)
    empty = cipher.encrypt(age._chunk_nonce(1, last=True), b"", None)
    with pytest.raises(age.MalformedAgeFile):
        age.decrypt(header_of(sealed()) + NONCE + full + empty, [ADA], limit=ANY_SIZE)


def test_nothing_may_follow_the_last_chunk() -> None:
    for plaintext in (b"", TEXT, bytes(CHUNK)):
        for tail in (b"\n", bytes(16), bytes(17), sealed()):
            with pytest.raises(age.AgeError):
                age.decrypt(sealed(plaintext) + tail, [ADA], limit=ANY_SIZE)


def bumped(line: bytes) -> bytes:
    """Change a spare bit in the last character: the same bytes, spelt otherwise."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return line[:-1] + alphabet[alphabet.index(line[-1]) + 1 :][:1]


CLASSIC = [b"-> X25519 " + b"A" * 43, b"A" * 43]
HEADERS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "encapsulation not canonical": lambda x: [x[0], bumped(x[1]), x[2]],
    "body not canonical": lambda x: [*x[:2], bumped(x[2])],
    "encapsulation padded": lambda x: [x[0], x[1] + b"==", x[2]],
    "body padded": lambda x: [*x[:2], x[2] + b"="],
    "carriage returns": lambda x: [line + b"\r" for line in x],
    "space after a line": lambda x: [x[0], x[1] + b" ", x[2]],
    "two spaces": lambda x: [x[0], x[1].replace(b"19 ", b"19  "), x[2]],
    "tab": lambda x: [x[0], x[1].replace(b"19 ", b"19\t"), x[2]],
    "no encapsulation": lambda x: [x[0], b"-> mlkem768x25519", x[2]],
    "further argument": lambda x: [x[0], x[1] + b" more", x[2]],
    "upper-case type": lambda x: [x[0], x[1].replace(b"mlkem", b"MLKEM"), x[2]],
    "encapsulation short": lambda x: [x[0], x[1][:-4], x[2]],
    "encapsulation long": lambda x: [x[0], x[1] + b"AAAA", x[2]],
    "body short": lambda x: [*x[:2], x[2][:-4]],
    "body long": lambda x: [*x[:2], x[2] + b"AAAA"],
    "body on two lines": lambda x: [*x[:2], x[2][:20], x[2][20:]],
    "empty line": lambda x: [*x, b""],
    "line before the version": lambda x: [b"", *x],
    "other version": lambda x: [b"age-encryption.org/v2", *x[1:]],
    "no stanza": lambda x: x[:1],
    "unknown line": lambda x: [*x, b"hello"],
    "classic recipient after": lambda x: [*x, *CLASSIC],
    "classic recipient before": lambda x: [x[0], *CLASSIC, *x[1:]],
    "classic recipient alone": lambda x: [x[0], *CLASSIC],
    "grease": lambda x: [*x, b"-> grease", b""],
    "twenty-one stanzas": lambda x: [x[0], *x[1:] * (age.MAX_RECIPIENTS + 1)],
}


def test_a_header_signed_again_unchanged_is_accepted() -> None:
    assert age.decrypt(remade(lambda lines: lines), [ADA], limit=ANY_SIZE) == TEXT


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS.keys())
def test_a_header_has_one_spelling(change: Callable[[list[bytes]], list[bytes]]) -> None:
    with pytest.raises(age.MalformedAgeFile):
        age.decrypt(remade(change), [ADA], limit=ANY_SIZE)


@pytest.mark.parametrize("change", [bumped, lambda m: m + b"=", lambda m: m + b" ", lambda m: m[:-1]])
def test_the_mac_has_one_spelling(change: Callable[[bytes], bytes]) -> None:
    data = sealed()
    header = header_of(data)
    mac = header[-44:-1]
    with pytest.raises(age.MalformedAgeFile):
        age.decrypt(header[:-44] + change(mac) + b"\n" + data[len(header) :], [ADA], limit=ANY_SIZE)


@pytest.mark.parametrize("line", [b"", b"-> mlkem768x25519 "], ids=["no line", "stanza"])
def test_a_long_header_is_read_no_further_than_its_limit(line: bytes) -> None:
    data = b"age-encryption.org/v1\n" + line + b"A" * (1 << 20) + b"\n" + sealed()
    tracemalloc.start()
    try:
        with pytest.raises(age.MalformedAgeFile):
            age.decrypt(data, [ADA], limit=ANY_SIZE)
        assert tracemalloc.get_traced_memory()[1] < 128 * 1024
    finally:
        tracemalloc.stop()


@settings(max_examples=400, deadline=None)
@given(head=st.sampled_from([b"", b"age-encryption.org/v1\n", header_of(sealed())]), tail=st.binary(max_size=300))
def test_random_bytes_are_refused_in_our_own_words(head: bytes, tail: bytes) -> None:
    with pytest.raises(age.AgeError):
        age.decrypt(head + tail, [ADA], limit=ANY_SIZE)


WHOLE = sealed()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.integers(0, 1700), cut=st.integers(0, 60), put=st.binary(max_size=60))
def test_mangled_files_are_refused_in_our_own_words(at: int, cut: int, put: bytes) -> None:
    mangled = WHOLE[:at] + put + WHOLE[at + cut :]
    if mangled != WHOLE:
        with pytest.raises(age.AgeError):
            age.decrypt(mangled, [ADA], limit=ANY_SIZE)


def test_every_error_says_what_to_do() -> None:
    for error in (age.AgeError, *age.AgeError.__subclasses__()):
        assert str(getattr(error, "remedy", "")).endswith(".")
