"""National and tax numbers: python-stdnum's check digits, tried by the groups in which each is usually written."""

import re
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

_FORMATS = MappingProxyType({
    "es.dni": "9 8-1", "es.nie": "9 8-1 1-7-1", "ie.pps": "8 9 7-1 7-2", "in_.pan": "10",
    "it.codicefiscale": "16 6-2-3-5 3-3-5-5", "mx.curp": "18", "mx.rfc": "13 4-6-3", "fi.hetu": "6-4 11",
    "se.personnummer": "6-4 8-4", "dk.cpr": "6-4", "cz.rc": "6-4 6-3", "is_.kennitala": "6-4", "bg.egn": "10",
    "pl.pesel": "11", "no.fodselsnummer": "11 6-5", "ee.ik": "11", "de.idnr": "11 2-3-3-3", "tr.tckimlik": "11 3-3-3-2",
    "be.nn": "11 6-3-2 2-2-2-3-2", "au.abn": "11 2-3-3-3", "br.cpf": "11 3-3-3-2 9-2", "lt.asmens": "11",
    "gr.amka": "11 6-5", "ar.cuit": "2-8-1",
    "in_.aadhaar": "4-4-4", "ru.inn": "12", "my.nric": "6-2-4", "br.cnpj": "14 2-3-3-4-2 8-4-2",
    "ro.cnp": "13", "ch.ssn": "13 3-4-4-2", "za.idnr": "13 6-4-2-1 6-4-3", "kr.rrn": "6-7", "si.emso": "13 7-6",
    "th.pin": "1-4-5-2-1", "fr.nir": "15 13-2 1-2-2-2-3-3-2 1-2-2-5-3-2 1-2-2-2-3-3 1-4-2-3-3-2", "cn.ric": "18 6-8-4",
})  # fmt: skip
"""Formats whose check digits or date make a chance hit rare, each with the lengths of its groups as people type them.

Other groupings are other numbers side by side: a column of amounts has one with a right check digit soon enough. Weak
ones (one check digit and no date) count only in their own grouping; those with none are left to the word before them.
"""
_LETTERED = frozenset({"es.dni", "es.nie", "ie.pps", "in_.pan", "it.codicefiscale", "mx.curp", "mx.rfc"})
"""Never digits only."""
_EITHER = frozenset({"fi.hetu", "cn.ric", "kr.rrn"})
"""With or without a letter."""


def _by_groups() -> dict[tuple[int, ...], tuple[str, ...]]:
    table: dict[tuple[int, ...], tuple[str, ...]] = {}
    for name, shapes in _FORMATS.items():
        for shape in shapes.split():
            key = tuple(map(int, shape.split("-")))
            table[key] = (*table.get(key, ()), name)
    return table


BY_GROUPS = MappingProxyType(_by_groups())
MAX_GROUPS = 7
"""Groups that a number is written in at most; more are a list."""
_TIE = re.compile(r"[\-./][A-Za-z0-9]")
"""What follows so belongs to the same number, which must not be judged by a part of it."""
_GROUP = re.compile(r"[A-Za-z0-9]+")


def national_id(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A number that some country's own check accepts."""
    groups = [m.span() for m in _GROUP.finditer(text, start, end)]
    if len(groups) > MAX_GROUPS:
        return None
    for first in range(min(2, len(groups))):  # a short word before the digits may have been taken along
        for last in range(len(groups) - 1, first - 1, -1):
            names = BY_GROUPS.get(tuple(b - a for a, b in groups[first : last + 1]))
            stretch = groups[first][0], groups[last][1]
            if names and not _TIE.match(text, stretch[1]) and _checked(text[stretch[0] : stretch[1]], names):
                return stretch
    return None


def _checked(written: str, names: tuple[str, ...]) -> bool:
    raw = written.upper()
    lettered = any(map(str.isalpha, raw))
    if lettered and raw != written and not written.isalnum():
        return False  # small letters with spaces between: words
    return any(_holds(name, raw) for name in names if name in _EITHER or lettered == (name in _LETTERED))


def vat_number(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A VAT number of an EU member state (a sole trader's names a person)."""
    return (start, end) if _holds("eu.vat", text[start:end].upper()) else None


@lru_cache(maxsize=64)
def _format(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def _holds(name: str, raw: str) -> bool:
    return bool(_format(name).is_valid(raw.replace(".", "") if name != "ch.ssn" else raw))
