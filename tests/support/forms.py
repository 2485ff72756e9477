"""Real programs with a plain field and, one Tab further, a password field: one for each toolkit that people meet."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.support.desktop import Desktop
from tests.support.processes import Process

QT = """
import sys
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
app = QApplication(sys.argv)
form = QWidget()
rows = QVBoxLayout(form)
name, secret = QLineEdit(), QLineEdit()
secret.setEchoMode(QLineEdit.EchoMode.Password)
rows.addWidget(name)
rows.addWidget(secret)
form.show()
app.exec()
"""
GTK4 = """
import ctypes
gtk, glib = ctypes.CDLL("libgtk-4.so.1"), ctypes.CDLL("libglib-2.0.so.0")
P = ctypes.c_void_p
def new(library, name, *given):
    made = getattr(library, name)
    made.restype = P
    return P(made(*given))
gtk.gtk_init()
form, rows = new(gtk, "gtk_window_new"), new(gtk, "gtk_box_new", 1, 4)
name, secret = new(gtk, "gtk_entry_new"), new(gtk, "gtk_password_entry_new")
gtk.gtk_window_set_child(form, rows)
gtk.gtk_box_append(rows, name)
gtk.gtk_box_append(rows, secret)
gtk.gtk_window_present(form)
gtk.gtk_widget_grab_focus(name)
glib.g_main_loop_run(new(glib, "g_main_loop_new", None, 0))
"""
"""Without its Python bindings, which a Python of one's own cannot load."""
PAGE = """<!doctype html><title>form</title>
<form><input aria-label="name" autofocus><input type="password" aria-label="secret"></form>
<script>onload = () => document.querySelector("input").focus()</script>
"""
PROGRAMS = ("gtk", "qt", "chromium", "firefox")


BROWSERS = ("chromium", "firefox")


@contextmanager
def serve_form() -> Iterator[str]:
    """Serve the page with the form; gives its origin."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def open_form(desktop: Desktop, toolkit: str, origin: str) -> Process:
    """Start the program with this toolkit's form; browsers load it from an origin that serves it."""
    profile = desktop.folder / f"{toolkit}-profile"
    profile.mkdir(exist_ok=True)
    return desktop.start(_command(toolkit, profile, f"{origin}/form?of=tests"), name=toolkit)


def _command(toolkit: str, profile: Path, page: str) -> list[str]:
    match toolkit:
        case "gtk":
            return ["zenity", "--password", "--username"]
        case "qt":
            return [sys.executable, "-c", QT]
        case "chromium":
            quiet = ["--no-sandbox", "--no-first-run", "--disable-gpu", "--password-store=basic"]
            return ["chromium", *quiet, "--force-renderer-accessibility", f"--user-data-dir={profile}", page]
        case _:
            return ["firefox-esr", "--new-instance", "--profile", str(profile), page]
