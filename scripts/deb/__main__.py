"""``python -m scripts.deb [--out dist]``: builds the package, and prints its path."""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from admin.mdm.linux import UNITS, autostart, unit
from agent.commands import app
from scripts.deb import manual, papers
from scripts.deb.locked import ROOT
from scripts.deb.tree import HOME, PYTHON, fill, site_packages

DATA = ROOT / "packaging" / "deb"
SCRIPTS = ("postinst", "prerm", "postrm")
SMALL = ("--threads-max=2", "-Zxz", "-z4")
"""80 MB, in two and a half minutes of a core. The number of threads is fixed: one and several write different bytes."""
QUICK = ("-Zgzip", "-z1")


def main() -> None:
    """Build."""
    parser = argparse.ArgumentParser(description="Build the agent as a Debian package.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--quick", action="store_true", help="press it less: for trying, not for a release")
    said = parser.parse_args()
    out: Path = said.out
    if sys.platform != "linux" or shutil.which("dpkg-deb") is None:
        parser.error("this needs a Debian-like Linux with dpkg-deb")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _commit_time())
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overt-deb-") as folder:
        print(_build(Path(folder), out, epoch, QUICK if said.quick else SMALL))


def _commit_time() -> str:
    asked = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _build(work: Path, out: Path, epoch: int, pressed: tuple[str, ...]) -> Path:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    asked = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
    architecture = asked.stdout.strip()
    root = work / "root"
    fill(root, work)
    _around(root, version, epoch)
    _control(root, version, architecture)
    _settle(root, epoch)
    made = out / f"overt_{version}_{architecture}.deb"
    pack = ["dpkg-deb", "--root-owner-group", *pressed, "--build", str(root), str(made)]
    subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    return made


def _around(root: Path, version: str, epoch: int) -> None:
    """Everything beside the environment itself."""
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    doc, override = "usr/share/doc/overt", "usr/share/lintian/overrides/overt"
    texts = {
        **{f"usr/lib/systemd/user/{name}.service": unit(name) for name in UNITS},
        "etc/xdg/autostart/overt-indicator.desktop": autostart(),
        "usr/share/applications/overt.desktop": (DATA / "overt.desktop").read_text(encoding="utf-8"),
        "usr/share/icons/hicolor/scalable/apps/overt.svg": (DATA / "overt.svg").read_text(encoding="utf-8"),
        f"{doc}/copyright": papers.copyright_text(site_packages(root)),
        override: (DATA / "lintian-overrides").read_text(encoding="utf-8"),
        **manual.completions(),
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (root / "etc/overt").mkdir()
    (root / "usr/share/man/man1").mkdir(parents=True)
    _gzip(root / "usr/share/man/man1/overt.1.gz", manual.page(app, version, date))
    _gzip(root / doc / "changelog.gz", papers.changelog(version, epoch))


def _gzip(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _control(root: Path, version: str, architecture: str) -> None:
    folder = root / "DEBIAN"
    folder.mkdir()
    size = sum(p.lstat().st_size for p in root.rglob("*")) // 1024
    said = {
        "VERSION": version,
        "ARCHITECTURE": architecture,
        "SIZE": str(size),
        "PYTHON": PYTHON.removeprefix("python"),
    }
    said["NEXT_PYTHON"] = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
    text = (DATA / "control.in").read_text(encoding="utf-8")
    for name, value in said.items():
        text = text.replace(f"@{name}@", value)
    (folder / "control").write_text(text, encoding="utf-8")
    (folder / "conffiles").write_text("/etc/xdg/autostart/overt-indicator.desktop\n", encoding="utf-8")
    people = (DATA / "people.sh").read_text(encoding="utf-8")
    for name in SCRIPTS:
        script = (DATA / name).read_text(encoding="utf-8").replace("#PEOPLE#\n", people)
        (folder / name).write_text(script, encoding="utf-8")
    files = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink() and folder not in p.parents)
    sums = (f"{hashlib.md5(p.read_bytes()).hexdigest()}  {p.relative_to(root)}\n" for p in files)  # noqa: S324  # dpkg's
    (folder / "md5sums").write_text("".join(sums), encoding="utf-8")


def _settle(root: Path, epoch: int) -> None:
    """One mode and one time for everything, whoever builds, and when."""
    programs = {*(root / HOME / "bin").iterdir(), *(root / "DEBIAN" / name for name in SCRIPTS)}
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    root.chmod(0o755)
    os.utime(root, (epoch, epoch))


if __name__ == "__main__":
    main()
