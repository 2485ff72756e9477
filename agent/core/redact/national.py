"""National and tax numbers: python-stdnum's check digits, tried by shape."""

import re
from importlib import import_module
from types import MappingProxyType

STRONG = MappingProxyType({
    8: ("es.dni",),
    9: ("es.dni", "es.nie", "ie.pps"),
    10: ("se.personnummer", "dk.cpr", "fi.hetu", "in_.pan", "cz.rc", "bg.egn", "is_.kennitala"),
    11: ("pl.pesel", "no.fodselsnummer", "fi.hetu", "ee.ik", "de.idnr", "tr.tckimlik", "be.nn", "au.abn", "br.cpf",
         "lt.asmens", "gr.amka", "ar.cuit"),
    12: ("se.personnummer", "in_.aadhaar", "ru.inn", "br.cnpj", "my.nric"),
    13: ("ro.cnp", "ch.ssn", "za.idnr", "kr.rrn", "mx.rfc", "si.emso", "th.pin"),
    14: ("br.cnpj",),
    15: ("fr.nir",),
    16: ("it.codicefiscale",),
    18: ("cn.ric", "mx.curp"),
})  # fmt: skip
"""By count of letters and digits: formats whose check digits or date make a chance hit rare."""
_LETTERED = frozenset({"es.dni", "es.nie", "ie.pps", "fi.hetu", "in_.pan", "it.codicefiscale", "mx.curp", "mx.rfc"})

MAX_GROUPS = 7
"""Groups that a number is written in at most; more are a list."""
MAX_PAIRS = 5
"""More groups, none longer than two, are a dump of bytes."""
_TIE = re.compile(r"[\-./][A-Za-z0-9]")
"""What follows so belongs to the same number, which must not be judged by a part of it."""
_GROUP = re.compile(r"[A-Za-z0-9]+")
_GROUPED = frozenset(
    {"in_.aadhaar", "dk.cpr", "se.personnummer", "cz.rc", "is_.kennitala", "my.nric", "th.pin", "ar.cuit"}
)
"""Too weak a check for digits in a row: taken only when typed with their usual separators."""


def national_id(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A number that some country's own check accepts."""
    groups = [(m.start() + start, m.end() + start) for m in _GROUP.finditer(text[start:end])]
    widest = max((last - first for first, last in groups), default=0)
    if len(groups) > MAX_GROUPS or (len(groups) > MAX_PAIRS and widest <= 2):  # noqa: PLR2004
        return None
    for first in range(min(2, len(groups))):  # a short word before the digits may have been taken along
        for last in range(len(groups) - 1, first - 1, -1):
            stretch = groups[first][0], groups[last][1]
            if not _TIE.match(text, stretch[1]) and _checked(text[stretch[0] : stretch[1]]):
                return stretch
    return None


def _checked(written: str) -> bool:
    raw = written.upper()
    solid = "".join(filter(str.isalnum, raw))
    lettered = not solid.isdigit()
    if lettered and raw != written and not written.isalnum():
        return False  # small letters with spaces between: words
    for name in STRONG.get(len(solid), ()):
        if (lettered and name not in _LETTERED) or (name in _GROUPED and solid == raw):
            continue
        if _holds(name, raw):
            return True
    return False


def vat_number(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A VAT number of an EU member state (a sole trader's names a person)."""
    return (start, end) if _holds("eu.vat", text[start:end].upper()) else None


def _holds(name: str, raw: str) -> bool:
    module = import_module(f"stdnum.{name}")
    return bool(module.is_valid(re.sub(r"[.]", "", raw) if name != "ch.ssn" else raw))
