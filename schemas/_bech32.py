"""Bech32 (BIP 173), the text form of age's keys, without BIP 173's limit of 90 characters.

Source: BIP 173 for alphabet and checksum; the C2SP age specification for the lifted limit. Errors never quote
the text, because half of the texts that pass here are secret keys.
"""

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM_LENGTH = 6
"""Characters of checksum at the end of every string: 30 bits (BIP 173)."""

_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encoded_length(prefix: str, size: int) -> int:
    """Return how many characters `size` bytes take behind `prefix`."""
    return len(prefix) + 1 + -(-size * 8 // 5) + CHECKSUM_LENGTH


def encode(prefix: str, data: bytes) -> str:
    """Return `data` as lower-case Bech32 behind the lower-case `prefix`."""
    words = _regroup(data, 8, 5)
    if len(data) * 8 % 5:
        # The last word holds fewer than five bits of data; zeros fill it.
        tail = int.from_bytes(data, "big") & ((1 << (len(data) * 8 % 5)) - 1)
        words.append(tail << (5 - len(data) * 8 % 5))
    check = _polymod([*_expand(prefix), *words, *[0] * CHECKSUM_LENGTH]) ^ 1
    words += [(check >> 5 * (CHECKSUM_LENGTH - 1 - i)) & 31 for i in range(CHECKSUM_LENGTH)]
    return f"{prefix}1" + "".join(ALPHABET[word] for word in words)


def decode(prefix: str, text: str) -> bytes:
    """Return the bytes of `text`, which must be lower-case Bech32 behind exactly `prefix`.

    Raises:
        ValueError: another prefix, a character outside the alphabet, a wrong checksum, or padding bits that
            are not zero. There is one accepted text for every sequence of bytes.
    """
    head = f"{prefix}1"
    if not text.startswith(head) or len(text) < len(head) + CHECKSUM_LENGTH:
        raise ValueError("not Bech32 with the expected prefix")
    try:
        words = [_VALUES[char] for char in text[len(head) :]]
    except KeyError:
        raise ValueError("a character outside the Bech32 alphabet") from None
    if _polymod([*_expand(prefix), *words]) != 1:
        raise ValueError("the Bech32 checksum does not match")
    words = words[:-CHECKSUM_LENGTH]
    spare = len(words) * 5 % 8
    if spare > 4 or (spare and words[-1] & ((1 << spare) - 1)):  # noqa: PLR2004 - five spare bits are a whole word
        raise ValueError("padding bits are not zero")
    return bytes(_regroup(words, 5, 8))


def _regroup(values: bytes | list[int], width: int, to: int) -> list[int]:
    """Cut the bits of `values`, each `width` bits wide, into whole words of `to` bits; drop the rest."""
    out: list[int] = []
    held = bits = 0
    for value in values:
        held = (held << width | value) & 0xFFF
        bits += width
        while bits >= to:
            bits -= to
            out.append(held >> bits & ((1 << to) - 1))
    return out


def _expand(prefix: str) -> list[int]:
    return [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]


def _polymod(words: list[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for i, generator in enumerate(_GENERATOR):
            check ^= generator if top >> i & 1 else 0
    return check
