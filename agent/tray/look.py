"""How the desktop looks, as far as icon and badge must fit it: light or dark, and whether it asks for more contrast."""

from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette

DARK_BELOW = 128
"""Lightness of the window colour, 0 to 255, below which a theme is dark."""
BLACK_AND_WHITE = {0xFF000000, 0xFFFFFFFF}
"""As Qt packs them: alpha, red, green, blue."""


class Look(Struct, frozen=True):
    """One of four."""

    dark: bool = False
    contrast: bool = False  # black and white only: shapes and words tell the states apart


def desktop_look() -> Look:
    """The look that the desktop asks for. A palette of pure black and white is one of high contrast."""
    hints = QGuiApplication.styleHints()
    access = hints.accessibility()
    palette = QGuiApplication.palette()
    ground, ink = (palette.color(role) for role in (QPalette.ColorRole.Window, QPalette.ColorRole.WindowText))
    contrast = access.contrastPreference() is Qt.ContrastPreference.HighContrast
    plain = {ground.rgb(), ink.rgb()} == BLACK_AND_WHITE
    scheme = hints.colorScheme()
    dark = ground.lightness() < DARK_BELOW if scheme is Qt.ColorScheme.Unknown else scheme is Qt.ColorScheme.Dark
    return Look(dark, contrast or plain)
