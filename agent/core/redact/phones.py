"""Telephone numbers: written internationally, in a usual national grouping, or announced by a word."""

import re
from importlib import import_module

MIN_DIGITS, MAX_DIGITS = 7, 15
"""ITU-T E.164 allows 15 digits; with fewer than 7 nothing tells a number from any other."""
REGIONS = (
    "US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "SE", "NO", "DK", "FI", "BE", "CH", "AT", "PT", "IE",
    "CZ", "RO", "GR", "HU", "TR", "RU", "UA", "IL", "AE", "ZA", "IN", "CN", "JP", "KR", "SG", "AU", "NZ",
    "BR", "MX", "AR",
)  # fmt: skip
"""Numbering plans tried for a number without a country code. Each costs about 50 µs, once loaded."""
_WORD = re.compile(
    r"(?:phone|telephone|tel|mobile|\bcell|fax|\bcall|\bring|\btext|sms|whatsapp|signal|\bdial|\breach|contact|handy|mobil\w*|"
    r"rufnummer|telefon\w*|portable|telef\w*|numero|\bnumber|\bnr|gsm|"
    r"puh|tlf|get me (?:at|on)|\br?appel\w*|joindre|ruckruf|erreich\w*|anruf\w*|ruf mich|\bllam\w*|\bchiam\w*|"
    r"\bligar?|dzwon\w*|\bbel me|\bringa|тел\w*|звон\w*|телефон\w*|моб\w*|טלפון|هاتف|电话|電話|手机|전화)"
    r"(?:[^\n\d]{0,24})$",
    re.IGNORECASE,
)
_NOT_PHONE = re.compile(
    r"(?:order|invoice|isbn|issn|id|ref\w*|ticket|version|build|port|pid|line|issue|case|sku|offset|timestamp|epoch|size|bytes|"
    r"serial|part|model|tracking|number of|no)\W{0,8}(?:no|nr|number|num)?\W{0,4}$",
    re.IGNORECASE,
)
_NORTH_AMERICA = re.compile(r"(?:\+?1[ .\-]?)?(?:\(\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}")
_TRUNK = re.compile(r"\(?0\d{1,4}\)?(?:[ \-/.]?\d{2,8}){1,4}")
_COUNTRY = re.compile(r"\([1-9]\d{0,2}\) ?\d{6}")
"""A country's code in brackets, without its plus."""
_EXTENSION = re.compile(r" ?(?:x|ext\.?) ?\d+$", re.IGNORECASE)
_LIST = re.compile(r"\d[ ,;.]{1,2}$|\d, ?$")
_LIST_ON = re.compile(r"[ ,;]{1,2}-?\d+[ ,;.]+-?\d")
"""One of a row of numbers: coordinates, sums, columns."""
_YEAR, _MONTH = r"(?:1[5-9]|2[01])\d\d", "(?:0?[1-9]|1[0-2])"
_OTHER = re.compile(
    r"\d{5}-\d{4}|\d{1,2}[ ./\-]\d{1,2}[ ./\-](?:\d{4}|\d{2})|"
    rf"{_YEAR}[ ./\-]{_MONTH}[ ./\-]\d{{1,2}}(?:[ T]{{1,2}}\d{{1,2}})?"
)
"""Dates, and American postal codes."""


def phone(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Narrows a stretch of digits and phone punctuation to a telephone number."""
    end = start + len(text[start:end].rstrip(" -./("))
    raw = _EXTENSION.sub("", text[start:end])
    digits = sum(map(str.isdigit, raw))
    if not MIN_DIGITS <= digits <= MAX_DIGITS + 2 or _OTHER.fullmatch(raw):
        return None
    before = text[max(0, start - 40) : start]
    if raw.startswith("+") or (raw.startswith("00") and digits > MIN_DIGITS + 3):
        return start, end
    worded = any(map(str.isalpha, before))
    if worded and _NOT_PHONE.search(before):
        return None
    told = (worded and _WORD.search(before)) or _NORTH_AMERICA.fullmatch(raw)
    if told or (_COUNTRY.match(raw) and _valid("+" + re.sub(r"\D", "", raw), None)):
        return start, end
    grouped = bool(re.search(r"[ \-/().]", raw)) and not _decimal(raw)
    if not grouped or _LIST.search(before) or _LIST_ON.match(text, end):
        return None
    return (start, end) if _TRUNK.fullmatch(raw) or _national(raw) else None


def _decimal(raw: str) -> bool:
    return raw.count(".") == 1 and not re.search(r"[ \-/()]", raw)


def _national(raw: str) -> bool:
    """Some numbering plan has this number, and its groups are no single digits (as sums and lists have)."""
    groups = re.findall(r"\d+", raw)
    if min(map(len, groups)) < 2 or not 8 <= sum(map(len, groups)) <= 11 or len(groups) < 3:  # noqa: PLR2004
        return False
    return any(_valid(raw, region) for region in REGIONS)


def _valid(raw: str, region: str | None) -> bool:
    library = import_module("phonenumbers")
    try:
        return bool(library.is_valid_number(library.parse(raw, region)))
    except library.NumberParseException:
        return False
