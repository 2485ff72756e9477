"""Texts with planted values, made from a seed: the repository holds shapes, never strings that look like secrets."""

import base64
import json
import random
import string
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.core.redact.validators import IBAN_LENGTHS, luhn

SOURCES, SOURCE_CHARS = 40, 12_000
"""Files of the standard library taken as text without secrets, and code points of each."""
SEGMENT = 400
"""Code points after which running text is cut at a line's end: about what is typed before a pause."""


@dataclass(frozen=True)
class Planted:
    """A text, and where in it something must go: (start, end, class), in code points."""

    text: str
    spans: tuple[tuple[int, int, str], ...]

    def __repr__(self) -> str:
        return f"Planted({len(self.text)} code points, {len(self.spans)} values)"


def _draw(rng: random.Random, letters: str, size: int) -> str:
    return "".join(rng.choices(letters, k=size))


def _digits(rng: random.Random, size: int) -> str:
    return _draw(rng, string.digits, size)


def _alnum(rng: random.Random, size: int) -> str:
    return _draw(rng, string.ascii_letters + string.digits, size - 1) + rng.choice(string.digits)


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnprstv") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))


def _password(rng: random.Random) -> str:
    return _word(rng).title() + _digits(rng, 3) + rng.choice("!#$%*+=?") + _word(rng)


def _card(rng: random.Random) -> str:
    body = "4" + _digits(rng, 14)
    solid = next(body + digit for digit in string.digits if luhn(body + digit))
    return rng.choice(("", " ", "-")).join(solid[i : i + 4] for i in range(0, 16, 4))


def _iban(rng: random.Random) -> str:
    country = rng.choice(("DE", "FR", "ES", "IT", "PL", "CH", "SE", "AT"))
    body = _digits(rng, IBAN_LENGTHS[country] - 4)
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    solid = f"{country}{98 - number % 97:02d}{body}"
    return rng.choice((solid, " ".join(solid[i : i + 4] for i in range(0, len(solid), 4))))


def _phone(rng: random.Random) -> str:
    shapes = ("+46 70 ### 55 ##", "(415) 555-####", "+1-212-555-####", "020 7946 0###", "0151 ########",
              "06 12 34 ## ##", "+91 98### #####", "+81 90-####-####", "8 (495) 123-##-##")  # fmt: skip
    return "".join(rng.choice(string.digits) if c == "#" else c for c in rng.choice(shapes))


def _jwt(rng: random.Random) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": _word(rng)}).encode()).decode().rstrip("=")
    return f"{head}.{_alnum(rng, 60)}.{_alnum(rng, 43)}"


def _private_key(rng: random.Random) -> str:
    lines = "\n".join(_draw(rng, string.ascii_letters + string.digits + "+/", 64) for _ in range(8))
    name = "PRIVATE" + " KEY"
    return f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----"


def _vendor(rng: random.Random) -> str:
    return rng.choice((
        "ghp_" + _alnum(rng, 36), "glpat-" + _alnum(rng, 20), "sk_" + "live_" + _alnum(rng, 24),
        "xox" + "b-" + _digits(rng, 12) + "-" + _alnum(rng, 24), "AKIA" + _draw(rng, string.ascii_uppercase, 16),
        "npm_" + _alnum(rng, 36), "hf_" + _alnum(rng, 34), "AIza" + _alnum(rng, 35),
    ))  # fmt: skip


def _cnp(rng: random.Random) -> str:
    """A Polish PESEL: ten digits with a date, and their weighted sum."""
    body = f"{rng.randint(40, 99)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{_digits(rng, 4)}"
    total = sum(int(d) * w for d, w in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return f"{body}{-total % 10}"


MAKERS: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...]]] = {
    "email": (
        lambda r: f"{_word(r)}.{_word(r)}@{_word(r)}.example.org",
        ("write to {} soon", "{}: ok", '"to": "{}"'),
    ),
    "phone": (_phone, ("call me on {} tonight", "phone: {}", "Tel. {}, please")),
    "card": (_card, ("my card is {} thanks", "card number: {}", "{}")),
    "iban": (_iban, ("wire it to {} please", "IBAN {}", "{}")),
    "national": (_cnp, ("PESEL {}", "nr {} of the form", "{}")),
    "ssn": (
        lambda r: f"{r.randint(100, 665)}-{r.randint(10, 99)}-{r.randint(1000, 9999)}",
        ("SSN {}", "his social is {}"),
    ),
    "birth date": (
        lambda r: f"{r.randint(1940, 2005)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}",
        ("born on {}", "date of birth: {}", '"dob": "{}"'),
    ),
    "address (IP)": (
        lambda r: f"{r.choice((81, 93, 151, 212))}.{r.randint(1, 250)}.{r.randint(1, 250)}.{r.randint(1, 250)}",
        ("from {} port 22", "client={}"),
    ),
    "one-time code": (lambda r: _digits(r, 6), ("your code is {}", "{} is your login code", "OTP: {}")),
    "vendor token": (_vendor, ("export TOKEN={}", "use {} there", '{{"key": "{}"}}')),
    "JWT": (_jwt, ("Authorization: Bearer {}", "t={}")),
    "private key": (_private_key, ("{}", "key:\n{}\nend")),
    "password": (
        _password,
        ("password: {}", "DB_PASSWORD={}", "the wifi password is {}", "tool --password {} run",
         "postgres://app:{}@db.example/x", "curl -u bob:{} https://x.example", '"passwd": "{}"', "pw {}"),
    ),
    "secret": (
        lambda r: _alnum(r, 32),
        ("api_key = '{}'", "client secret: {}", "AUTH_TOKEN={}", "https://x.example/?access_token={}"),
    ),
}  # fmt: skip
"""What is planted by class, and the sentences around it."""

_CARRIERS = ("{}", "Hello,\n{}\nBest, A", "2024-03-02T10:11:12Z INFO {}", "# {}\nx = 1", "so. {} That is all.")


def planted(seed: int, each: int) -> list[Planted]:
    """Texts with one value each, ``each`` for every class; the same seed gives the same texts."""
    rng = random.Random(seed)  # noqa: S311 - test data
    return [_one(rng, cls) for cls in MAKERS for _ in range(each)]


def _one(rng: random.Random, cls: str) -> Planted:
    make, sentences = MAKERS[cls]
    value = make(rng)
    carrier, sentence = rng.choice(_CARRIERS), rng.choice(sentences)
    around = carrier.replace("{}", sentence.replace("{{", "{").replace("}}", "}"))
    before, _, after = around.partition("{}")
    return Planted(before + value + after, ((len(before), len(before) + len(value), cls),))


def from_file(path: Path) -> list[Planted]:
    """A corpus of JSON lines: ``text``, and ``spans`` of ``start``, ``end`` (code points) and ``type``."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [Planted(r["text"], tuple((s["start"], s["end"], s["type"]) for s in r["spans"])) for r in rows]


def benign(seed: int) -> Iterator[str]:
    """Real code and prose that no secret was planted in: the standard library's sources, in pieces."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    rng = random.Random(seed)  # noqa: S311 - a choice of files
    for path in rng.sample(files, min(SOURCES, len(files))):
        piece = ""
        for line in path.read_text("utf-8", "replace")[:SOURCE_CHARS].splitlines(keepends=True):
            piece += line
            if len(piece) > SEGMENT:
                yield piece
                piece = ""
        yield piece
