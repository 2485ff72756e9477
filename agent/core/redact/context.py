"""Is this value, which stands where a secret would stand, a literal secret? Words, code and templates are not."""

import math
import re
from collections import Counter
from itertools import pairwise

QUOTES = "\"'`"
MIN_MEDIUM, MIN_RANDOM, MIN_ALONE, MIN_CHANCE = 6, 16, 12, 8
"""Shortest secrets taken after a word such as "token", near one, without any context, and of letters alone."""
JOINED = 2
"""Pieces of which a word such as ``innerHTML`` is made, and letters of a piece that is none."""
NAMED = 3
"""Words joined by underscores that make an identifier."""
MAX_JUDGED = 512
"""Code points of a value by which all of it is judged: a word of ten thousand letters is judged by its beginning."""
RANDOM_BITS = 3.2
"""Bits a character from which a string of 16 or more looks drawn by lot; English words stay below 3."""

RUN_BITS = 4.0
"""The same for a run of 24 or more without any context around it."""
BLOCK_LINES = frozenset({60, 64, 72, 76})
"""Lengths of the lines of a block in base64, such as a certificate (RFC 7468, 2045)."""
TURNS_OF, TURNS_AT_LEAST = 10, 4
"""Of ten characters drawn by lot from three kinds, six differ in kind from the one before; of names, one or two."""

_TEMPLATE = re.compile(
    r"\$\{|\$\(|\$[A-Za-z_]\w*$|<[^>]*>?$|\{\{|\{[\w.]*\}$|%\w+%$|%[({]\w+[)}]\w?$|%[sdvr]$|\[[^\]]*\]$|\*+$|[xX]{3,}$|\.{2,}$|•+$|#\{|@\{|"
    r"(?:process\.env|os\.|env\.|getenv|import\.meta|secrets\.|vars\.|var\.|config\.|settings\.|self\.|this\.|req\.|args\.|"
    r"ENV\[)|your[-_ ]|(?:none|null|nil|undefined|true|false|yes|no|empty|redacted|hidden|removed|masked|todo|tbd|n/a|"
    r"required|optional|string|str|bytes|int|bool|boolean|number|text|varchar|any|object|password|passwd|secret|token|"
    r"value|default|example|placeholder)[?!]?$",
    re.IGNORECASE,
)
_CALL = re.compile(
    r"[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*[(\[](?:$|[\"'`*{\[]|[\w$.()\[\]]*[,)\]]|[A-Za-z_.]+\d{0,2}$|[\w$.]+[=:(\[])"
)
"""A call or an index; a password may have a bracket too, but hardly what stands after one in code."""
_PATH_OF_NAMES = re.compile(r"[A-Za-z_$][A-Za-z_$]*(?:(?:\.|::|->)[A-Za-z_$]+)+$")
_WORDS = re.compile(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])|[-_ .])+")
"""Words joined by case, dashes or underscores."""
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAME = re.compile(r"[^\W\d]+$")
_ABOUT_WORDS = [
    "len", "length", "min", "max", "count", "policy", "expiry", "expires", "expiration", "ttl", "age", "reset",
    "url", "uri", "file", "path", "field", "input", "type", "label", "hint", "rule", "rules", "manager",
    "strength", "encoder", "validator", "limit", "size", "usage", "budget", "name", "column", "table", "format",
    "scope", "algorithm", "days", "hours",
]  # fmt: skip
_ABOUT = re.compile(
    rf"(?:(?<![A-Za-z])(?i:{'|'.join(_ABOUT_WORDS)})|(?<=[a-z])(?:{'|'.join(map(str.title, _ABOUT_WORDS))}))"
    r"[\"'\])]{0,2}\s*(?:[:=]|=>|\bis\b)\s*[\"'`]?$"
)
"""What stands here is told about a secret, and is not one: ``password_min_length = 12``."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
_MENTION = re.compile(r"pass(?:word|wd|phrase|code)|secret|token|credential|\bpwd\b|api.?key", re.IGNORECASE)
_STOPS = frozenset(
    [
    "is", "are", "was", "be", "been", "being", "not", "no", "the", "a", "an", "and", "or", "but", "of", "to",
    "in", "on", "at", "for", "with", "by", "from", "as", "it", "its", "this", "that", "your", "my", "our",
    "must", "should", "can", "could", "may", "will", "would", "has", "have", "had", "do", "does", "did", "set",
    "reset", "changed", "change", "required", "incorrect", "wrong", "invalid", "expired", "missing", "empty",
    "blank", "weak", "strong", "short", "long", "stored", "hashed", "encrypted", "hidden", "shown", "entered",
    "same", "different", "correct", "needed", "used", "protected", "accepted", "rejected", "updated", "please",
    "which", "when", "if", "only", "also", "now", "here", "below", "above", "again", "too", "ok", "okay",
    "fine", "good", "bad", "old", "new", "sent", "saved", "managers", "manager", "management", "policy",
    "policies", "reset", "field", "fields", "form", "page", "screen", "prompt", "box", "hash", "authentication",
    "authorization", "login", "logins", "protection", "based", "less", "free",
])  # fmt: skip
_SENTENCE = frozenset([
    "than", "then", "there", "their", "they", "them", "these", "those", "what", "who", "how", "some", "any", "all",
    "other", "ones", "more", "most", "many", "much", "very", "into", "over", "about", "after", "before", "because",
    "while", "where", "you", "she", "his", "her", "him", "one", "two", "out", "own", "choose", "something", "just",
])  # fmt: skip
"""Further words that sentences cannot do without, and lists of words drawn by lot seldom have."""
_ENDS = re.compile(r"[.!?,;:)\]}\"'`]*[ \t]*(?:\r?\n|\r|$|[|\t])|[.!?][ \n]")
_PROSE_LINK = re.compile(r"\b(?:is|was|are|to|be|now)\b:?[ \t]*[\"'`]?$", re.IGNORECASE)
_UNLIKE_KEYS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|sha\d{1,3}[-:]|[./~\\]|https?:|\d+(?:[.\-:/]\d+)*$",
    re.IGNORECASE,
)
_STRUCTURE = re.compile(r"^[\[{(<\"'`]|/|\":|=\"|\(.*\)|[0-9a-f]{8}-[0-9a-f]{4}-")
"""A path, JSON, markup or a call rather than one token."""
_NEXT_PAIR = re.compile(r"[;&,](?=[A-Za-z_][\w.\- ]{0,40}[=:])")


def entropy(value: str) -> float:
    """Shannon entropy of the value's own characters, in bits a character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values()) if total else 0.0


def strong(text: str, start: int, end: int) -> tuple[int, int] | None:
    """After "password" and its like: any literal goes, even a plain word, unless prose or code explains it."""
    first, last, quoted = _inner(text, start, end)
    value = text[first : min(last, first + MAX_JUDGED)]
    if not value or _TEMPLATE.match(value) or _ABOUT.search(text[max(0, start - 40) : first]):
        return None
    if quoted:
        return None if " " in value and _MENTION.search(value) else (first, last)
    if (
        _ADDRESS.match(value)
        or _is_code(value)
        or (_NAME.match(value) and not _no_words(value) and not _word_is_secret(text, first, last))
    ):
        return None
    return first, last


def medium(text: str, start: int, end: int) -> tuple[int, int] | None:
    """After "token", "secret", "api key": goes if it looks like no word: letters with digits, or much chance."""
    first, last, quoted = _inner(text, start, end)
    value = text[first : min(last, first + MAX_JUDGED)]
    if len(value) < MIN_MEDIUM or _TEMPLATE.match(value) or (not quoted and _is_code(value)) or " " in value:
        return None
    if _ABOUT.search(text[max(0, start - 40) : first]):
        return None
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    chance = len(value) >= MIN_RANDOM and entropy(value) > RANDOM_BITS and not _WORDS.fullmatch(value)
    return (first, last) if (letters and digits) or chance else None


def mixed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """After a mere space or slash: goes only if letters stand with digits, or with marks that words do not have."""
    first, last, _ = _inner(text, start, end)
    value = text[first : min(last, first + MAX_JUDGED)]
    if len(value) < MIN_MEDIUM or _TEMPLATE.match(value) or _is_code(value):
        return None
    letters = any(map(str.isalpha, value))
    odd = any(map(str.isdigit, value)) or any(c in "!@#$%^&*+=?~" for c in value) or _no_words(value)
    return (first, last) if letters and odd else None


def random_looking(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Near a word such as "key": a long run with letters, digits and much chance; no path, UUID or number."""
    value = text[start : min(end, start + MAX_JUDGED)]
    if len(value) < MIN_RANDOM or _UNLIKE_KEYS.match(value) or value.count("/") > len(value) // 8:
        return None
    if sum(part.isalpha() and part.islower() for part in value.split("_")) >= NAMED:
        return None
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    return (start, end) if letters and digits and entropy(value) > RANDOM_BITS else None


def alone(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A segment that is one token and nothing else, of three kinds of characters that change often: a secret."""
    value = text[start : min(end, start + MAX_JUDGED)]
    if len(value) < MIN_ALONE or _UNLIKE_KEYS.match(value) or _STRUCTURE.search(value) or _is_code(value):
        return None
    kinds = [0 if c.islower() else 1 if c.isupper() else 2 if c.isdigit() else 3 for c in value]
    turns = sum(a != b for a, b in pairwise(kinds))
    return (
        (start, end) if {0, 1, 2} <= set(kinds) and turns * 3 >= len(value) and entropy(value) > RANDOM_BITS else None
    )


def _inner(text: str, start: int, end: int) -> tuple[int, int, bool]:
    """The value without its quotes, or without what the surrounding syntax added to it."""
    if text[start] in QUOTES:
        closed = end - start > 1 and text[end - 1] == text[start]
        return start + 1, end - closed, True
    cut = _NEXT_PAIR.search(text, start, min(end, start + MAX_JUDGED))
    if cut:
        end = cut.start()
    while end > start and text[end - 1] in ",;)]}>.":
        end -= 1
    return start, end, False


def _is_code(value: str) -> bool:
    if _CALL.match(value) or _PATH_OF_NAMES.match(value):
        return True
    return bool(re.fullmatch(r"[A-Za-z_$]+", value)) and bool(_MENTION.search(value))


def _word_is_secret(text: str, start: int, end: int) -> bool:
    """A bare word after "password": the secret itself, unless it is a part of a sentence."""
    word = text[start:end].lower()
    if word in _STOPS:
        return False
    linked = text[:start].rstrip(" \t\"'`")[-1:] in {"=", ":", ">", "\t", "|"} and not _PROSE_LINK.search(
        text[max(0, start - 12) : start]
    )
    assigned = linked and text[max(0, start - 1) : start] in {"=", ":", "\t"}
    return assigned or bool(_ENDS.match(text, end))


def _no_words(value: str) -> bool:
    """Letters whose case changes as in no words that are joined by it: some stand alone or in pairs."""
    if len(value) < MIN_CHANCE or not value.isalpha() or value.islower() or value.isupper():
        return False
    sizes = [len(piece) for piece in _PIECES.findall(value)]
    return len(sizes) > JOINED and min(sizes) <= JOINED


def strong_mixed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """As :func:`strong`, for looser context: a plain word is not enough."""
    found = mixed(text, start, end)
    return found and strong(text, start, end)


def flag(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The value of a command's password flag: no port, path, number pair or further flag."""
    found = strong(text, start, end)
    if found is None or re.match(r"[-/.~]|\d+(?::\d+)*(?:/\w+)?$|\w+:\w*$", text[found[0] : found[1]]):
        return None
    return found


def url_password(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Between ``user:`` and ``@host``: not a port, not a template."""
    value = text[start : min(end, start + MAX_JUDGED)]
    return None if re.match(r"\d{1,5}(?:/|$)", value) or _TEMPLATE.match(value) else (start, end)


def after_email(text: str, start: int, end: int) -> tuple[int, int] | None:
    """One token after an e-mail address, as a sign-in form leaves it: any after a tab, else one that is no word."""
    value = text[start : min(end, start + MAX_JUDGED)]
    if re.match(r"\d+(?:/|$)", value) or re.search(r"@[\w\-]+(?:\.[\w\-]+)*\.[A-Za-z]{2,}$", value):
        return None
    if "\t" in text[max(0, start - 2) : start]:
        return start, end
    return mixed(text, start, end)


def random_run(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A run that was drawn by lot, wherever it stands: three kinds of characters that change often; no digest."""
    value = text[start:end]
    kinds = [0 if c.islower() else 1 if c.isupper() else 2 if c.isdigit() else 3 for c in value]
    turns = sum(a != b for a, b in pairwise(kinds))
    if not {0, 1, 2} <= set(kinds) or turns * TURNS_OF < len(value) * TURNS_AT_LEAST or _UNLIKE_KEYS.match(value):
        return None
    if end - start in BLOCK_LINES and text[start - 1 : start] in {"", "\n"} and text[end : end + 1] in {"\n", "\r"}:
        return None
    return (start, end) if entropy(value) > RUN_BITS else None


def passphrase(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Words drawn by lot, after "passphrase": few of those that tie sentences together."""
    return _drawn(text, start, end, 4)


def seed_alone(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A line of as many words as a seed phrase has, all of the right length, in small letters and hardly one twice."""
    words = text[start:end].split()
    return _drawn(text, start, end, 3) if len(set(words)) * 3 > len(words) * 2 else None


def _drawn(text: str, start: int, end: int, among: int) -> tuple[int, int] | None:
    words = re.findall(r"[a-z]+", text[start:end].lower())
    return None if sum(word in _STOPS or word in _SENTENCE for word in words) > len(words) // among else (start, end)


def in_groups(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A key written in groups, as licences and recovery codes are: digits, and letters of one case."""
    value = text[start:end]
    cased = value.isupper() or not re.search(r"[A-Zg-z]", value)
    return (start, end) if cased and sum(map(str.isdigit, value)) > 1 and any(map(str.isalpha, value)) else None


def seed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A wallet's seed phrase (BIP 39): its words are of 3 to 8 letters, and none are the small words of sentences."""
    words = re.findall(r"[a-z]+", text[start:end].lower())
    return None if sum(word in _STOPS for word in words) > len(words) // 6 else (start, end)
