"""Trays that embed windows: ours must lie inside another one, be viewable, and the tray must still own its selection.

Spec: https://specifications.freedesktop.org/systemtray-spec/ (0.3). One X connection of its own, read only when the
server sends something.
"""

from collections.abc import Callable

import xcffib
import xcffib.xproto as xp
from PySide6.QtCore import QObject, QSocketNotifier, QTimer
from PySide6.QtGui import QGuiApplication

from agent.tray.presence import Hidden, HostKind

QT_TRAY_WINDOW = "QSystemTrayIconSysWindow"
"""Object name of the window in which Qt draws an embedded icon."""


class XembedPresence(QObject):
    """The system tray selection of one display. Needs a running Qt application.

    Raises:
        xcffib.ConnectionException: there is no such X display.
    """

    kind = HostKind.XEMBED

    def __init__(self, display: str | None = None) -> None:
        super().__init__()
        self._x = xcffib.connect(display)
        self._root = self._x.get_setup().roots[self._x.pref_screen].root
        self._selection = self._atom(f"_NET_SYSTEM_TRAY_S{self._x.pref_screen}")
        self._callbacks: list[Callable[[], None]] = []
        self._x.core.ChangeWindowAttributes(self._root, xp.CW.EventMask, [xp.EventMask.StructureNotify])
        self._notifier = QSocketNotifier(self._x.get_file_descriptor(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        self._find_owner()

    def host_present(self) -> bool:
        """Whether a tray owns the selection."""
        return self._find_owner() != 0

    def hidden(self) -> Hidden | None:
        """Why no embedded window of this process is on show."""
        if not self.host_present():
            return Hidden.NO_HOST
        windows = [w for w in QGuiApplication.allWindows() if w.objectName() == QT_TRAY_WINDOW]
        return None if any(self._embedded(int(window.winId())) for window in windows) else Hidden.NOT_TAKEN_IN

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call back when a tray announces itself (MANAGER) or its window is destroyed."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Disconnect."""
        if self._notifier.isEnabled():
            self._notifier.setEnabled(False)
            self._x.disconnect()

    def _atom(self, name: str) -> int:
        return int(self._x.core.InternAtom(False, len(name), name).reply().atom)

    def _find_owner(self) -> int:
        """The tray's window, watched from now on; 0 if there is none or the display is gone."""
        try:
            owner = int(self._x.core.GetSelectionOwner(self._selection).reply().owner)
            if owner:
                self._x.core.ChangeWindowAttributes(owner, xp.CW.EventMask, [xp.EventMask.StructureNotify])
                self._x.flush()
            if self._x.poll_for_event() is not None:  # came along with the answer: the descriptor will not tell
                QTimer.singleShot(0, self._read)
        except (xcffib.ConnectionException, xcffib.ProtocolException):
            return 0
        return owner

    def _embedded(self, window: int) -> bool:
        try:
            viewable: bool = self._x.core.GetWindowAttributes(window).reply().map_state == xp.MapState.Viewable
            embedded: bool = self._x.core.QueryTree(window).reply().parent != self._root
        except (xcffib.ConnectionException, xcffib.ProtocolException):
            return False
        return viewable and embedded

    def _read(self) -> None:
        """Take in what the server sent. Every event that we asked for is about a tray that came or went."""
        try:
            while self._x.poll_for_event() is not None:
                pass
        except (xcffib.ConnectionException, xcffib.ProtocolException):
            self._notifier.setEnabled(False)
        for callback in self._callbacks:
            callback()
