"""What lies over a window, by the server's own stacking order."""

from typing import Any

import xcffib.xproto

from agent.core.rects import intersect
from agent.native import layers
from agent.native.x11.link import Link, answer
from agent.native.x11.windows import Windows
from schemas.events import Rect


class Scene(layers.Scene, frozen=True, kw_only=True):
    """As the server tells it; ``client`` is the window without its frame."""

    whole: Rect  # all of the client area, also what is beyond the screen's edges
    top: int  # the child of the root that it lies in: the manager's frame, or itself
    corner: tuple[int, int]  # that one's left top corner, outside of its border


def scene(link: Link, windows: Windows, window: int) -> Scene | None:
    """Ask the server; ``None`` if the window is gone, not shown, off the screen, or something changed meanwhile.

    A window counts by its rectangle with its border, whatever its shape: more is masked than is covered, never less.
    """
    core = link.core
    asked = core.GetGeometry(window), core.TranslateCoordinates(window, link.root, 0, 0)
    shown, screen, tree = core.GetWindowAttributes(window), core.GetGeometry(link.root), core.QueryTree(link.root)
    size, at, state, desktop, order = map(answer, (*asked, shown, screen, tree))
    lineage = windows.lineage(window)
    if size is None or at is None or state is None or desktop is None or order is None or not lineage:
        return None
    if state.map_state != xcffib.xproto.MapState.Viewable:
        return None
    whole = (at.dst_x, at.dst_y, at.dst_x + size.width, at.dst_y + size.height)
    client = intersect(whole, (0, 0, desktop.width, desktop.height))
    children, top = list(order.children), lineage[-1]
    frame = answer(core.GetGeometry(top))
    if client is None or frame is None or top not in children:
        return None
    over = _shown(core, children[children.index(top) + 1 :])
    above = tuple((w, rect) for w, rect in over if intersect(client, rect))
    return Scene(client, above, whole=whole, top=top, corner=(frame.x, frame.y))


def _shown(core: Any, windows: list[int]) -> list[tuple[int, Rect]]:
    """Those windows that can be seen, with their rectangles; all asked at once."""
    asked = [(w, core.GetWindowAttributes(w), core.GetGeometry(w)) for w in windows]
    found = []
    for window, attributes, geometry in asked:
        state, place = answer(attributes), answer(geometry)
        if state is not None and place is not None and _can_cover(state):
            border = 2 * place.border_width
            rect = (place.x, place.y, place.x + place.width + border, place.y + place.height + border)
            found.append((window, rect))
    return found


def _can_cover(state: Any) -> bool:
    viewable = state.map_state == xcffib.xproto.MapState.Viewable
    return bool(viewable and state._class != xcffib.xproto.WindowClass.InputOnly)  # noqa: SLF001  # xcffib's name for it
