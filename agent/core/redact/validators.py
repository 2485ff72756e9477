"""Checks behind the shapes: check digits, known lengths, dates, addresses.

A validator takes the text and the stretch that a pattern found, and answers the stretch that must go (it may be
narrower) or None. phonenumbers (7 MB, 0.1 s) and python-stdnum (10 MB, 0.07 s) are imported at the first candidate
that needs them: most segments never do.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable
from types import MappingProxyType

from agent.core.redact import context
from agent.core.redact.national import national_id, vat_number
from agent.core.redact.phones import phone

Validator = Callable[[str, int, int], tuple[int, int] | None]

IBAN_LENGTHS = MappingProxyType({
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
})  # fmt: skip
"""Characters of an IBAN by country (SWIFT IBAN registry, ISO 13616)."""
MIN_CARD, MAX_CARD = 13, 19
"""Digits of a payment card number (ISO/IEC 7812-1)."""
MAX_CARD_GROUP = 8
"""Digits in a row when a card number is typed in groups; longer groups are other numbers side by side."""
_DOCUMENTATION = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
)
"""RFC 5737 and RFC 3849."""
_LOCAL_GROUPS = ipaddress.ip_network("224.0.0.0/24")
BROADCAST, FUTURE = 255, 240
"""First byte of a netmask, and of addresses kept for the future: people who make up an address take any number."""
MAX_COLONS = 7
"""Of an IPv6 address that is written out."""
_IBAN_WORD = re.compile(r"iban\W{0,12}$", re.IGNORECASE)
_CARD_WORD = re.compile(
    r"(?:card|cc|pan|visa|master|amex|karte|carte|tarjeta|carta|kaart|карт\w*)\W{0,24}(?:n\w*\W{0,3})?$", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_CARD_GROUPS = re.compile(r"\d{4}([ .\-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|3\d{3}([ .\-])\d{6}\2\d{5}")
_FILES = frozenset(
    [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "ts", "jsx", "tsx", "css", "json", "md", "py",
    "rs", "go", "java", "html", "xml", "yml", "yaml", "toml",
])  # fmt: skip
CHECK_LETTER = 2
"""Code points of a check letter with the space before it, as in ``AB 12 34 56 C``."""
MIN_ID_DIGITS = 5
"""Fewer digits after the name of an identity number are a year, a rate or a count."""
LAST_DAY = 31
FULL_DATE = 1000_00_00
"""From here on a number can be year, month and day in a row."""
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE58 = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
"""The same letters in the order of the XRP Ledger."""
ADDRESS_BYTES = 25
"""Of an address: a version, a digest of 20, and 4 to check."""


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1, annex B, holds for these ASCII digits."""
    doubled = (int(d) if i % 2 == 0 else sum(divmod(int(d) * 2, 10)) for i, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def card(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A payment card number: issuer digit and Luhn; typed in card groups or after the word, a slip is forgiven."""
    if text[start] not in "23456" or (text[start - 1 : start] == "." and text[max(0, start - 2) : start - 1].isdigit()):
        return None  # no issuer, or the digits after a decimal point
    digits, ends = "", []
    for group in _DIGITS.finditer(text, start, end):
        digits += group.group()
        if len(digits) > MAX_CARD:
            break
        if len(digits) >= MIN_CARD:
            ends.append(group.end())
    return next(((start, last) for last in reversed(ends) if _is_card(text, start, last)), None)


def _is_card(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    groups = _DIGITS.findall(written)
    digits = "".join(groups)
    separators = set(written) - set("0123456789")
    if len(set(digits)) == 1 or len(separators) > 1 or (separators and max(map(len, groups)) > MAX_CARD_GROUP):
        return False
    if luhn(digits):
        return True
    return bool(_CARD_GROUPS.fullmatch(written) or _CARD_WORD.search(text[max(0, start - 40) : start]))


def iban(text: str, start: int, end: int) -> tuple[int, int] | None:
    """An IBAN (ISO 13616): cut to its country's length; mod 97-10, or the word before it, must confirm it."""
    size = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    solid: list[int] = [i for i in range(start, end) if text[i].isalnum()]
    if not size or len(solid) < size:
        return None
    if len(solid) > size and solid[size] == solid[size - 1] + 1:
        return None  # the word goes on: not an IBAN
    value = "".join(text[i] for i in solid[:size]).upper()
    number = int("".join(str(int(c, 36)) for c in value[4:] + value[:4]))
    confirmed = number % 97 == 1 or _IBAN_WORD.search(text[max(0, start - 24) : start])
    return (start, solid[size - 1] + 1) if confirmed else None


def ip_address(text: str, start: int, end: int) -> tuple[int, int] | None:
    """An address that can tell a person's place: private and special ranges say nothing (RFC 6890)."""
    try:
        address = ipaddress.ip_address(text[start:end].rstrip(":.").partition("%")[0])
    except ValueError:
        return None
    if text[start:end].count(":") == MAX_COLONS and "::" not in text[start:end]:
        return start, end  # written out in full: nobody writes that who means nothing
    if isinstance(address, ipaddress.IPv4Address) and re.search(
        r"v(?:er(?:sion)?)?[ .:=]*$", text[max(0, start - 10) : start], re.IGNORECASE
    ):
        return None
    if not _tells_a_place(address):
        return None
    return start, start + len(text[start:end].rstrip(":."))


def _tells_a_place(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if any(address in network for network in _DOCUMENTATION if network.version == address.version):
        return True  # people write these for real ones, and nothing is lost by taking them out
    if isinstance(address, ipaddress.IPv6Address):
        made_of_mac = address.packed[11:13] == b"\xff\xfe"  # RFC 4291, appendix A: it names the device
        return made_of_mac or (address.is_global and not address.is_multicast)
    if address.packed[0] == BROADCAST or address in _LOCAL_GROUPS:
        return False  # netmasks, and groups that every network has
    return address.is_multicast or address.packed[0] >= FUTURE or not address.is_private


def email(text: str, start: int, end: int) -> tuple[int, int] | None:
    """An e-mail address: not a picture's scale suffix (``icon@2x.png``), not the ``git@`` of a clone address."""
    local, _, domain = text[start:end].replace("%40", "@").rpartition("@")
    if domain.rpartition(".")[2].lower() in _FILES or local.lower() == "git":
        return None
    return start, end


def date(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Two or three numbers, or eight digits in a row, of which one can be the day of a month."""
    numbers = [int(n) for n in re.findall(r"\d+", text[start:end])]
    if len(numbers) == 1 and numbers[0] >= FULL_DATE:
        numbers = [numbers[0] // 10_000, numbers[0] // 100 % 100, numbers[0] % 100]
    days = sum(1 <= n <= LAST_DAY for n in numbers)
    return (start, end) if days and len(numbers) > 1 else None


def id_shape(text: str, start: int, end: int) -> tuple[int, int] | None:
    """What stands after the name of an identity number: five digits or more, cut where words begin again."""
    while end > start:
        cut = re.search(r"[ ./\-][A-Za-z]+$|[ ./\-]+$", text[start:end])
        if cut is None or (cut.end() - cut.start() <= CHECK_LETTER and text[end - 1].isupper()):
            break
        end = start + cut.start()
    return (start, end) if sum(map(str.isdigit, text[start:end])) >= MIN_ID_DIGITS else None


def lettered(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The number of a document, in which letters stand among the digits: two digits or more."""
    return (start, end) if sum(map(str.isdigit, text[start:end])) > 1 else None


def account(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A bank's number: four digits or more, or a BIC in capitals (ISO 9362)."""
    found = id_shape(text, start, end)
    return found or ((start, end) if text[start:end].isupper() and text[start:end].isalnum() else None)


def base58(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A Base58Check value: the last four bytes are the double SHA-256 of the rest; of whatever currency."""
    return (start, end) if any(_checks(text[start:end], letters) for letters in (_BASE58, _RIPPLE58)) else None


def _checks(value: str, letters: str) -> bool:
    number = 0
    for char in value:
        number = number * len(letters) + letters.index(char)
    data = number.to_bytes(ADDRESS_BYTES, "big") if number < 1 << 8 * ADDRESS_BYTES else b""
    check = hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4]
    return bool(data) and check == data[-4:]


VALIDATORS: MappingProxyType[str, Validator] = MappingProxyType(
    {
        "card": card,
        "iban": iban,
        "ip": ip_address,
        "email": email,
        "date": date,
        "base58": base58,
        "phone": phone,
        "national_id": national_id,
        "vat": vat_number,
        "id_shape": id_shape,
        "account": account,
        "lettered": lettered,
        "secret_strong": context.strong,
        "secret_medium": context.medium,
        "secret_mixed": context.mixed,
        "secret_random": context.random_looking,
        "secret_alone": context.alone,
        "secret_strong_mixed": context.strong_mixed,
        "secret_flag": context.flag,
        "url_password": context.url_password,
        "after_email": context.after_email,
        "seed": context.seed,
        "seed_alone": context.seed_alone,
        "passphrase": context.passphrase,
        "random_run": context.random_run,
        "key_in_groups": context.in_groups,
    }
)
"""The names that rules may use."""
