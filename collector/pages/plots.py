"""Small plots as SVG, for where people would rather look than read. Pure. Each also says its numbers in words."""

from collections.abc import Sequence

from markupsafe import Markup, escape
from msgspec import Struct

WIDTH, HEIGHT, FOOT = 640, 120, 28
"""SVG user units; the page scales it."""


class Bar(Struct, frozen=True):
    """One bar. `value` None: not shown, for too few people are in it."""

    label: str
    value: int | None


def bars(title: str, found: Sequence[Bar]) -> Markup:
    """A bar plot: a title that is read aloud, a baseline, the largest value, the ends' labels. Words if all is 0."""
    if all(bar.value == 0 for bar in found):
        return Markup('<p class="soft">{}: nothing.</p>').format(title)
    most = max((bar.value or 0 for bar in found), default=0)
    step = WIDTH / max(1, len(found))
    drawn = [_bar(bar, place * step, step, most) for place, bar in enumerate(found)]
    ends = _ends(found)
    top = f'<text class="scale" x="{WIDTH}" y="20" text-anchor="end">{most}</text>' if most else ""
    words = escape(f"{title}: " + ("; ".join(_words(bar) for bar in found if bar.value != 0) or "nothing"))
    return Markup(  # noqa: S704  # numbers, and labels that are escaped
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT + FOOT}" role="img" aria-label="{words}">'
        f'<line class="base" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>{"".join(drawn)}{top}{ends}</svg>'
    )


def _bar(bar: Bar, left: float, step: float, most: int) -> str:
    tip = f"<title>{escape(_words(bar))}</title>"
    if bar.value is None:
        height, kind = 6.0, "few"
    else:
        height, kind = (HEIGHT - 28) * bar.value / most if most else 0.0, "bar"
    if not height:
        return ""
    width = max(1.0, step - 2)
    place = f'x="{left + 1:.1f}" y="{HEIGHT - height:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {place}>{tip}</rect>'


def _ends(found: Sequence[Bar]) -> str:
    if not found:
        return ""
    y = HEIGHT + FOOT - 4
    first = f'<text class="scale" x="0" y="{y}">{escape(found[0].label)}</text>'
    if len(found) == 1:
        return first
    return first + f'<text class="scale" x="{WIDTH}" y="{y}" text-anchor="end">{escape(found[-1].label)}</text>'


def _words(bar: Bar) -> str:
    return f"{bar.label}: {'fewer than 5 people' if bar.value is None else bar.value}"
