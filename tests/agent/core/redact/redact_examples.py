"""Expands example templates from a seed: the repository holds shapes, never strings that look like secrets."""

import hashlib
import random
import re
import string
from collections.abc import Callable

from agent.core.redact.validators import IBAN_LENGTHS, luhn

_HOLE = re.compile(r"\{([a-z0-9\-]+)(?::([A-Za-z0-9]+))?(?::(\d+))?\}")
_WORDS = [
    "abandon", "ability", "able", "about", "above", "absent", "absorb", "abstract", "absurd", "abuse", "access",
    "account", "acid", "acoustic", "acquire", "across", "actor", "actress", "actual", "adapt", "address",
    "adjust", "admit", "adult", "advance", "advice", "aerobic", "afford", "agent", "agree", "ahead", "alarm",
    "album",
]  # fmt: skip
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def _mixed(rng: random.Random, size: int) -> str:
    core = [rng.choice(string.ascii_lowercase), rng.choice(string.ascii_uppercase), rng.choice(string.digits)]
    core += rng.choices(string.ascii_letters + string.digits + "!#*+_", k=size - 4)
    rng.shuffle(core)
    return "".join(core) + rng.choice(string.digits)


def _luhn(rng: random.Random, size: int, prefix: str) -> str:
    body = prefix + "".join(rng.choices(string.digits, k=size - len(prefix) - 1))
    return next(body + digit for digit in string.digits if luhn(body + digit))


def _iban(rng: random.Random, country: str) -> str:
    body = "".join(rng.choices(string.digits, k=IBAN_LENGTHS[country] - 4))
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    return f"{country}{98 - number % 97:02d}{body}"


def _base58check(rng: random.Random) -> str:
    data = b"\0" + rng.randbytes(20)
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        out = _BASE58[rest] + out
    return "1" + out


def make(rng: random.Random, kind: str, argument: str = "", extra: str = "") -> str:
    """One value: ``make(rng, "alnum", "36")``, ``make(rng, "digits-luhn", "16", "4")``, ``make(rng, "iban", "DE")``."""
    alphabets = {
        "hex": "0123456789abcdef",
        "alnum": string.ascii_letters + string.digits,
        "digits": string.digits,
        "upper": string.ascii_uppercase + "234567",
        "lower": string.ascii_lowercase,
        "base58": _BASE58,
        "bech": "023456789acdefghjklmnpqrstuvwxyz",
        "base64": string.ascii_letters + string.digits + "+/",
    }
    if kind in alphabets:
        return "".join(rng.choices(alphabets[kind], k=int(argument)))
    makers: dict[str, Callable[[], str]] = {
        "join": lambda: "",
        "mixed": lambda: _mixed(rng, int(argument)),
        "words": lambda: " ".join(rng.sample(_WORDS, k=int(argument))),
        "digits-luhn": lambda: _luhn(rng, int(argument), extra),
        "iban": lambda: _iban(rng, argument),
        "base58check": lambda: _base58check(rng),
    }
    return makers[kind]()


def expand(template: str, seed: int) -> tuple[str, list[tuple[int, int]]]:
    """The example's text, and the stretches between « and » that a rule must cover.

    ``{join}`` expands to nothing: it parts a literal that a scanner would take for the head of a real key.
    """
    rng = random.Random(f"{template}{seed}")  # noqa: S311 - test data
    kinds = "base58|bech|hex|alnum|digits|upper|lower|base64|join|mixed|words|digits-luhn|iban|base58check"

    def value(match: re.Match[str]) -> str:
        known = re.fullmatch(kinds, match.group(1))
        return make(rng, match.group(1), match.group(2) or "", match.group(3) or "") if known else match.group()

    text = _HOLE.sub(value, template)
    covered, out = [], ""
    for piece in re.split("([«»])", text):
        if piece == "«":
            covered.append([len(out), len(out)])
        elif piece == "»":
            covered[-1][1] = len(out)
        else:
            out += piece
    return out, [(start, end) for start, end in covered]
