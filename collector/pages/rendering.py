"""Templates, and the headers that every page carries. A page loads its one style sheet and nothing else."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import Response

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
PRIVATE = {"cache-control": "no-store"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("image")
_TEMPLATES = Environment(
    loader=PackageLoader("collector.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def render(template: str, *, status: int = 200, private: bool = False, **values: object) -> Response:
    """A page."""
    text = _TEMPLATES.get_template(template).render(**values)
    return Response(text, status, HEADERS | (PRIVATE if private else {}), "text/html; charset=utf-8")


def markdown(text: str) -> Markup:
    """A notice's Markdown as HTML. Its headings go below the page's own; raw HTML and pictures stay text."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704  # html is off


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _minute(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":  # noqa: PLR2004  # binary units
            return f"{count} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count = count / 1024  # type: ignore[assignment]
    raise AssertionError


_TEMPLATES.filters.update(day=_day, minute=_minute, size=_size, markdown=markdown)
