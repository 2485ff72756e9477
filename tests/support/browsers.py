"""Real browsers on a desktop of a test, with our extension, and pages on this machine that they show."""

import json
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.desktop import Desktop, DesktopError
from tests.support.processes import Process
from tests.support.windows import Window, wait_for_window

CHROMIUM = "/usr/lib/chromium/chromium"
FIREFOX = "/usr/lib/firefox-esr/firefox-esr"
SLOW_S = 60.0
"""Seconds that a browser may take to come up on a busy machine."""
QUIET = (
    *("--no-sandbox", "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--password-store=basic"),
    *("--disable-component-update", "--disable-sync", "--disable-quic", "--disable-domain-reliability"),
    *("--disable-search-engine-choice-screen", "--noerrdialogs", "--disable-breakpad"),
)
"""What keeps Chromium from asking questions and from calling home."""
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.autoDisableScopes": 0,
    "extensions.enabledScopes": 15,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "termsofuse.acceptedVersion": 999,
    "termsofuse.bypassNotification": True,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "xpinstall.signatures.required": False,
}

PAGE = """<!doctype html><meta charset="utf-8">
<script>addEventListener('load', () => {{ document.title = '{title}'; }})</script>
<body style="margin:0"><textarea autofocus style="width:96%;height:{height}px"></textarea>{more}"""


class Pages:
    """A site on this machine: its root is a page to type into; others may be added. ``asked`` is what was fetched."""

    def __init__(self, title: str, files: Mapping[str, tuple[str, bytes]] | None = None) -> None:
        self.files = dict(files or {})
        self.files.setdefault("/", ("text/html", page(title).encode()))
        self.asked: list[str] = []
        files_now, asked = self.files, self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                found = files_now.get(self.path.partition("?")[0])
                self.send_response(200 if found else 404)
                kind, body = found or ("text/plain", b"")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, path: str, html: str) -> str:
        """Put a page there; gives its address."""
        self.files[path] = ("text/html", html.encode())
        return self.origin + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def page(title: str, more: str = "", height: int = 300) -> str:
    """A page whose text field has the keys from the start. It has its title once all in it is loaded, frames too."""
    return PAGE.format(title=title, more=more, height=height)


@contextmanager
def sites(*titles: str) -> Iterator[list[Pages]]:
    """Sites of different origins: hosts are the same, ports differ."""
    with ExitStack() as stack:
        made = [Pages(title) for title in titles]
        for one in made:
            stack.callback(one.close)
        yield made


class Chromium:
    """Debian's Chromium with a profile folder of its own."""

    def __init__(self, desktop: Desktop, extension: Path | None, env: Mapping[str, str], *prefix: str) -> None:
        self._desktop = desktop
        self._env = env
        self._prefix = prefix
        # Whoever gets an extension by policy must be able to fetch it.
        self._loads = [f"--load-extension={extension}", "--disable-background-networking"] if extension else []
        self._loads += ["--disable-features=DisableLoadExtensionCommandLineSwitch,Translate"]
        need(CHROMIUM)
        self.process: Process | None = None

    def open(self, url: str, *options: str, title: str) -> Window:
        """Show a page: in a new tab of the window in front, if it runs already; gives the window."""
        command = [*self._prefix, CHROMIUM, *QUIET, *self._loads, *options, url]
        started = self._desktop.start(command, name="chromium", env=self._env)
        self.process = self.process or started
        return wait_for_window(self._desktop.display, title_contains=title, timeout=SLOW_S)

    def close(self) -> None:
        if self.process is not None:
            self.process.stop()


class Firefox:
    """Debian's Firefox ESR with a profile of its own, into which the extension is put as a packed file."""

    def __init__(self, desktop: Desktop, profile: Path, env: Mapping[str, str], *prefix: str) -> None:
        self._desktop = desktop
        self._profile = profile
        self._prefix = prefix
        self._env = dict(env) | {"MOZ_CRASHREPORTER_DISABLE": "1"}
        self.process: Process | None = None
        need(FIREFOX)
        profile.mkdir(parents=True, exist_ok=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines))

    def open(self, url: str, *options: str, title: str) -> Window:
        """Show a page, in a new tab if it runs already; gives the window."""
        command: Sequence[str | Path] = [*self._prefix, FIREFOX, "--profile", self._profile, *options, url]
        started = self._desktop.start(command, name="firefox", env=self._env)
        self.process = self.process or started
        return wait_for_window(self._desktop.display, title_contains=title, timeout=SLOW_S)

    def close(self) -> None:
        if self.process is not None:
            self.process.stop()


def pack_firefox(extension: Path, file: Path) -> None:
    """An extension's folder as the one file that Firefox wants."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(extension.iterdir()):
            packed.write(path, path.name)


def need(path: str) -> str:
    """A program that must be there.

    Raises:
        DesktopError: it is not.
    """
    if not Path(path).exists():
        raise DesktopError(f"{path} is not installed: run `make setup`")
    return path


__all__ = ["CHROMIUM", "FIREFOX", "Chromium", "Firefox", "Pages", "need", "pack_firefox", "page", "sites"]
