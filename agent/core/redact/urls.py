"""What may be told of an address: its origin, and the shape of its path."""

import re

from agent.core.redact.fold import plain

HOLE = "{}"
"""Stands for a path segment that may name a person, a document or a secret."""
MAX_SEGMENTS = 8
"""Deeper paths are cut: their shape alone could single somebody out."""
_ADDRESS = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(//)?(.*)", re.DOTALL)
_WEB = frozenset({"http", "https", "ws", "wss", "ftp", "ftps"})
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-_]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9\-_]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PORT = re.compile(r":\d{1,5}$")
_DULL = re.compile(r"[a-z]{1,20}(?:[\-_][a-z]{1,12})?(?:\.(?:html?|php|aspx?|jsp))?|v\d{1,2}")
_NAMES_FOLLOW = frozenset(
    [
    "u", "user", "users", "home", "people", "person", "profile", "profiles", "account", "accounts", "member",
    "members", "author", "authors", "customer", "customers", "patient", "patients", "client", "clients",
    "employee", "employees", "contact", "contacts", "in", "by", "from", "to", "mail", "inbox", "token",
    "tokens", "key", "keys", "secret", "secrets", "reset", "invite", "share", "s", "d", "file", "files", "doc",
    "docs", "document", "documents", "folders", "search", "q", "tag", "channel", "channels", "team", "teams",
    "chat", "message", "messages", "room", "rooms", "case", "cases",
])  # fmt: skip


def template(url: str) -> str:
    """Origin and path template of an address, e.g. ``https://example.org/orders/{}/edit``.

    Userinfo, query and fragment are never part of it. A path segment stays only if it is a plain lower-case
    word and does not follow one that announces a name or an id. Of addresses that are not of the web
    (``file:``, ``mailto:``, ``data:``) only the scheme stays.
    """
    scheme, slashes, rest = _parts(plain(url))
    if scheme and scheme not in _WEB:
        return f"{scheme}:{HOLE}"
    authority, _, path = re.split(r"[?#]", rest, maxsplit=1)[0].replace("\\", "/").partition("/")
    host = authority.rpartition("@")[2].lower()
    port = _PORT.search(host)
    host = host[: port.start()] if port else host
    if not _HOST.fullmatch(host):
        return f"{scheme}:{slashes}{HOLE}" if scheme else HOLE
    origin = f"{scheme}://{host}" if scheme else host
    return origin + (port.group() if port else "") + _path(path)


def _parts(url: str) -> tuple[str, str, str]:
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return "", "", ""
    scheme, slashes, rest = found.group(1) or "", found.group(2) or "", found.group(3)
    if scheme and not slashes and re.match(r"\d{1,5}(/|$)", rest):  # host:port without a scheme
        return "", "", f"{scheme}:{rest}"
    return scheme.lower(), slashes, rest.rstrip()


def _path(path: str) -> str:
    if not path:
        return ""
    before, out = "", []
    for segment in path.split("/")[:MAX_SEGMENTS]:
        dull = not segment or (_DULL.fullmatch(segment) is not None and before not in _NAMES_FOLLOW)
        out.append(segment if dull else HOLE)
        before = segment.lower() if segment else before
    return "/" + "/".join(out)
