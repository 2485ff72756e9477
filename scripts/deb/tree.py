"""The agent's own Python environment, as files below ``/usr/lib/overt``: what is never used is left out."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from scripts.deb.locked import ROOT, lock_of_agent, needed

HOME = Path("usr/lib/overt")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
OURS = ("agent", "schemas", "policies")
"""The packages of the agent. Collector, research and admin desks have no place on an employee's machine."""
COMMANDS = {"overt": "agent.cli", "overt-browser-host": "agent.browser.host"}
QT_MODULES = ("QtCore", "QtDBus", "QtGui", "QtWidgets")
QT_LIBRARIES = ("Core", "DBus", "Gui", "Svg", "Widgets", "XcbQpa", "OpenGL")
QT_PLUGINS = ("iconengines", "imageformats", "platforminputcontexts", "platforms", "xcbglintegrations")
QT_LEFT_OUT = ("libqwayland*", "libqeglfs*", "libqvnc*", "libqlinuxfb*", "libqvkkhrdisplay*", "libqtvirtualkeyboard*")
NOT_SHIPPED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""What pip notes of an installation: it names this machine's folders, and dpkg keeps its own list of files."""


def site_packages(root: Path) -> Path:
    """Where the modules go."""
    return root / HOME / "lib" / PYTHON / "site-packages"


def fill(root: Path, work: Path) -> None:
    """Install what the lock names, and the agent, below ``root``.

    Args:
        root: becomes the machine's root.
        work: an empty folder for what is not shipped.
    """
    site = site_packages(root)
    lock = work / "agent.lock"
    lock.write_text(lock_of_agent(), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install"]
    how = ["--require-hashes", "--no-deps", "--prefer-binary", "--no-compile", "--target", str(site)]
    subprocess.run([*pip, *how, "-r", str(lock)], check=True)
    missing = set(needed()) - {canonicalize_name(one.name) for one in distributions(path=[str(site)])}
    if missing:
        raise RuntimeError(f"the lock gave nothing for: {', '.join(sorted(missing))}")
    _unpack_ours(site, work)
    _prune(site)
    _environment(root)


def _unpack_ours(site: Path, work: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(work / "wheel")]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (wheel,) = (work / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.split("/")[0] in OURS or ".dist-info/" in n]
        archive.extractall(site, names)
    (points,) = site.glob("overt-*.dist-info/entry_points.txt")
    lines = "".join(f"{name} = {module}:main\n" for name, module in COMMANDS.items())
    points.write_text(f"[console_scripts]\n{lines}", encoding="utf-8")


def _prune(site: Path) -> None:
    shutil.rmtree(site / "bin", ignore_errors=True)
    for name in NOT_SHIPPED:
        for path in site.glob(f"*.dist-info/{name}"):
            path.unlink()
    for path in (*site.rglob("tests"), *site.rglob("__pycache__")):
        shutil.rmtree(path, ignore_errors=True)
    for pattern in ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "py.typed"):
        for path in site.rglob(pattern):
            path.unlink()
    _prune_qt(site / "PySide6")


def _prune_qt(qt: Path) -> None:
    modules = {f"{name}.abi3.so" for name in QT_MODULES}
    libraries = {f"libQt6{name}.so.6" for name in QT_LIBRARIES}
    _keep(qt, {"__init__.py", "_config.py", "_git_pyside_version.py", "support", "Qt", *modules}, "libpyside6.abi3")
    _keep(qt / "Qt", {"lib", "plugins"})
    _keep(qt / "Qt/lib", libraries, "libicu")
    _keep(qt / "Qt/plugins", set(QT_PLUGINS))
    for pattern in QT_LEFT_OUT:
        for path in (qt / "Qt/plugins").rglob(pattern):
            path.unlink()


def _keep(folder: Path, names: set[str], beginning: str | None = None) -> None:
    for path in folder.iterdir():
        if path.name not in names and not (beginning and path.name.startswith(beginning)):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _environment(root: Path) -> None:
    """A virtual environment on the system's Python, and the commands in it."""
    home = root / HOME
    config = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON.removeprefix('python')}\n"
    (home / "pyvenv.cfg").write_text(config, encoding="utf-8")
    (home / "bin").mkdir()
    (home / "bin/python3").symlink_to(f"../../../bin/{PYTHON}")
    for name, module in COMMANDS.items():
        script = home / "bin" / name
        script.write_text(f"#!/{HOME}/bin/python3\nfrom {module} import main\n\nmain()\n", encoding="utf-8")
    (root / "usr/bin").mkdir()
    (root / "usr/bin/overt").symlink_to("../lib/overt/bin/overt")
