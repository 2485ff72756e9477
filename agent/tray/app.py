"""The Qt application of the indicator and of its windows: one name, one look."""

from PySide6.QtWidgets import QApplication

from agent.native.none import keep_none_alive


def make_app() -> QApplication:
    """Make it. Without windows it goes on, because an indicator mostly has none."""
    keep_none_alive()
    app = QApplication(["overt"])
    app.setApplicationName("overt")
    app.setApplicationDisplayName("Overt")
    app.setQuitOnLastWindowClosed(False)
    app.setStyle("Fusion")
    return app
