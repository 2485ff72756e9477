"""The indicator: icon, badge, frame, tooltip, menu, notifications and lease, put together."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QDialog, QSystemTrayIcon

from agent.disk.places import Places
from agent.native.wayland.session import is_wayland
from agent.tray.acts import Acts
from agent.tray.badge import Badge
from agent.tray.errand import Errand
from agent.tray.frame import Frame
from agent.tray.icons import icon
from agent.tray.lease import Leaser
from agent.tray.link import Link, Told
from agent.tray.look import desktop_look
from agent.tray.menu import Menu
from agent.tray.presence import AnyPresence, Hidden, HostKind
from agent.tray.settings import Settings
from agent.tray.view import Message, Messages, badge_words, sign_of, tooltip
from agent.tray.weekly import Weekly
from agent.tray.words import Words
from schemas.status import Status

SETTLE_MS = 150
"""A tray takes in an icon some milliseconds after it has come; only the first look is put off for it."""
SETTLE_TRIES = 20
REPLACED_MS = 1000
"""A tray that goes lets go of its kinds of icons one after the other. One of another kind that is there after this long
has come to stay; until then what there is to say of the going has been said, for a new process knows nothing of it."""
PAINTED_MS = 60
"""From the badge's painting to its pixels being on the screen, under a compositor too: three of its frames."""


class Indicator(QObject):
    """Runs until it is quit.

    Args:
        words: the language.
        places: where this person's agent lies.
        presence: the kinds of tray that this system may have.
        again: starts this program anew; called when the tray was replaced by one of another kind, because Qt decides
            once for a process which kind it speaks to.
    """

    def __init__(self, words: Words, places: Places, presence: AnyPresence, again: Callable[[], None]) -> None:
        super().__init__()
        self._words = words
        self._presence = presence
        self._again = again
        self._status: Status | None = None
        self._icon: QSystemTrayIcon | None = None
        self._kind: HostKind | None = None
        self._dialog: QDialog | None = None
        self._telling: list[Errand] = []
        settings = Settings(places.state / "indicator.json")
        self._messages = Messages(words, lambda: settings.tell_stopped)
        self._acts = Acts(words, places, settings, self._tell)
        self._menu = Menu(words, self._entries(), settings.ticked)
        self._weekly = Weekly(places.state / "weekly.json", lambda: settings.tell_week, self._tell)
        self._ticker = QTimer(self)
        self._ticker.setTimerType(Qt.TimerType.PreciseTimer)
        self._link = Link(places.control_socket)
        self._leaser = Leaser(self._hidden, self._say, self._ticker)
        self._badge, self._frame = _marks(places.state / "badge.json", self._menu)
        self._painted = QTimer(self, singleShot=True, interval=PAINTED_MS)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._replaced = QTimer(self, singleShot=True, interval=REPLACED_MS)
        self._settle_left = 0

    def start(self) -> None:
        """Show the icon as soon as there is a tray, and connect to the daemon as soon as there is one."""
        self._ticker.timeout.connect(self._renew)
        self._settle.timeout.connect(self._settled)
        self._replaced.timeout.connect(self._follow_tray)
        self._painted.timeout.connect(self._renew)
        self._badge.changed.connect(self._badge_changed)
        self._link.joined.connect(self._leaser.joined)
        self._link.lost.connect(self._lost)
        self._link.told.connect(self._told)
        self._presence.on_change(self._tray_changed)
        hints = QGuiApplication.styleHints()
        access = hints.accessibility()
        hints.colorSchemeChanged.connect(self._show)
        access.contrastPreferenceChanged.connect(self._show)
        self._tray_changed()
        self._link.start()
        self._weekly.start()

    def _hidden(self) -> Hidden | None:
        return self._presence.hidden(self._kind)

    def _say(self, shown: bool) -> None:  # noqa: FBT001  # a callback
        """Lease, with where the badge is, if it shows what the daemon asked for."""
        rect = self._badge.stripe_rect() if shown else None
        badge = {} if rect is None else {"badge": {"rect": rect, **self._badge.proof()}}
        self._link.send("lease", shown=shown, **badge)

    def _badge_changed(self) -> None:
        """Say so once it is on the screen; a drag moves it many times before that."""
        if self._ticker.isActive() and not self._painted.isActive():
            self._painted.start()

    def _renew(self) -> None:
        before = self._leaser.hidden
        self._leaser.renew()
        if self._leaser.hidden is not before:
            self._show()

    def _told(self, told: Told) -> None:
        changed = told.status != self._status
        self._status = told.status
        self._leaser.wanted(told.renew_ms)
        if changed:
            self._show()
            self._notify()
        self._badge.ask(bytes.fromhex(told.badge.nonce) if told.badge else None)
        if self._frame.surround(told.badge.around if told.badge else None):
            self._badge.raise_()  # above the lines

    def _lost(self) -> None:
        self._status = None
        self._leaser.lost()
        self._badge.ask(None)
        self._frame.surround(None)
        self._show()
        self._notify()

    def _tray_changed(self) -> None:
        """A tray came or went: make the icon for it, and look again until it has taken the icon in."""
        host = self._presence.present()
        if host is not None and self._icon is None:
            self._make_icon(host.kind)
        elif host is not None and host.kind is not self._kind:
            self._replaced.start()
        self._settle_left = SETTLE_TRIES
        self._settled()

    def _follow_tray(self) -> None:
        """Start anew for a tray of another kind, if it is still the only one, and once everything is told."""
        host = self._presence.present()
        if host is None or host.kind is self._kind:
            return
        if any(one.running for one in self._telling):
            self._replaced.start()
        else:
            self._again()

    def _settled(self) -> None:
        self._renew()
        self._settle_left -= 1
        if self._leaser.hidden is Hidden.NOT_TAKEN_IN and self._settle_left > 0:
            self._settle.start()

    def _make_icon(self, kind: HostKind) -> None:
        self._kind = kind
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._clicked)
        self._show()
        self._icon.show()

    def _show(self) -> None:
        now_s, look = time.time(), desktop_look()
        self._menu.update_to(self._status, now_s)
        self._badge.tell(sign_of(self._status), badge_words(self._words, self._status), look)
        if self._icon is not None:
            self._icon.setIcon(icon(sign_of(self._status), look))
            self._icon.setToolTip(tooltip(self._words, self._status, self._leaser.hidden, now_s))

    def _notify(self) -> None:
        message = self._messages.about(self._status, time.time())
        if message:
            self._tell(message)

    def _tell(self, message: Message) -> None:
        if self._kind is not HostKind.XEMBED and self._leaser.hidden is None:
            self._bubble(message)
            return
        # Imported where it is needed: where another tray shows the icon, Qt itself asks the notification service. It
        # loses what is said as a tray goes, and that it went is just what has to be told.
        from agent.tray.notify import notify  # noqa: PLC0415

        self._telling = [one for one in self._telling if one.running]
        telling = Errand(lambda: notify(message.title, message.body), lambda taken: self._bubble(message, taken=taken))
        self._telling.append(telling)
        telling.start()

    def _bubble(self, message: Message, *, taken: object = False) -> None:
        if self._icon is not None and taken is not True:
            self._icon.showMessage(message.title, message.body, self._icon.icon())

    def _clicked(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._badge.restore()
            self._menu.popup(QCursor.pos())

    def _entries(self) -> dict[str, Callable[[], None]]:
        why = dict.fromkeys(("state", "put_off", "why", "managed"), self._open_why)
        return {**self._acts.by_entry(), **why, "quit": self._quit}

    def _open_why(self) -> None:
        # Made anew each time, and imported when first asked for: most days nobody asks.
        from agent.tray.why import Why  # noqa: PLC0415

        self._dialog = Why(self._words, self._status, time.time())
        self._dialog.show()
        self._dialog.activateWindow()

    def _quit(self) -> None:
        self._link.close()
        QGuiApplication.quit()


def _marks(remembers: Path, menu: Menu) -> tuple[Badge, Frame]:
    """The badge and the frame of this kind of session."""
    if sys.platform != "linux" or not is_wayland(os.environ):
        return Badge(remembers, menu), Frame()
    from agent.tray.badge_layer import LayerBadge  # noqa: PLC0415  # Linux's own
    from agent.tray.frame import NoFrame  # noqa: PLC0415

    return LayerBadge(remembers, menu), NoFrame()
